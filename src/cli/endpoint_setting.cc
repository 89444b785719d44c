#include "cli/endpoint_setting.h"

#include <boost/asio/ip/address.hpp>
#include <charconv>
#include <fmt/format.h>

namespace lightbox::cli {

Problem wrong_setting(std::string_view name, const Setting& setting, std::string_view right) {
  return problem(
      ProblemKind::invalid, "value",
      fmt::format("{} is '{}' ({}); it must be {}", name, setting.value, setting.origin, right));
}

Result<std::optional<dimse::Endpoint>> endpoint_setting(const Settings& settings,
                                                        std::string_view name) {
  const Setting& setting = settings.get(name);
  if (setting.value == "off") return std::optional<dimse::Endpoint>();
  const auto colon = setting.value.rfind(':');
  if (colon == std::string::npos) return wrong_setting(name, setting, "ADDRESS:PORT or off");
  dimse::Endpoint parsed{.address = setting.value.substr(0, colon)};
  if (parsed.address.starts_with('[') && parsed.address.ends_with(']')) {
    parsed.address = parsed.address.substr(1, parsed.address.size() - 2);
  }
  if (parsed.address == "localhost") parsed.address = "127.0.0.1";
  boost::system::error_code error;
  boost::asio::ip::make_address(parsed.address, error);
  const char* end = setting.value.data() + setting.value.size();
  const auto port = std::from_chars(setting.value.data() + colon + 1, end, parsed.port);
  if (error || port.ec != std::errc{} || port.ptr != end) {
    return wrong_setting(name, setting,
                         "ADDRESS:PORT or off, the address an IP address or localhost");
  }
  return std::optional(std::move(parsed));
}

}  // namespace lightbox::cli
