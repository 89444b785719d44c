#include "dimse/callers.h"

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <charconv>
#include <fmt/format.h>

#include "base/network.h"

namespace lightbox::dimse {

std::string_view trimmed(std::string_view ae_title) {
  while (!ae_title.empty() && ae_title.front() == ' ') ae_title.remove_prefix(1);
  while (!ae_title.empty() && (ae_title.back() == ' ' || ae_title.back() == '\0')) {
    ae_title.remove_suffix(1);
  }
  return ae_title;
}

bool is_ae_title(std::string_view text) {
  constexpr std::size_t letters_max = 16;
  return !trimmed(text).empty() && text.size() <= letters_max &&
         std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~' && c != '\\'; });
}

Result<Callers> Callers::parse(const std::vector<std::string>& entries) {
  Callers callers;
  for (const std::string& text : entries) {
    const auto equals = text.find('=');
    Entry entry{.ae_title = std::string(trimmed(text.substr(0, equals))), .network = {}};
    if (equals != text.npos) entry.network = text.substr(equals + 1);
    const bool is_anywhere = equals == text.npos;
    if (!is_ae_title(entry.ae_title) || !(is_anywhere || is_network(entry.network))) {
      return problem(ProblemKind::invalid, "value",
                     fmt::format("'{}' is no caller; it must be an AE title of 1 to 16 characters, "
                                 "or AET=ADDRESS with a numeric address or network (10.0.0.0/24)",
                                 text));
    }
    callers.entries_.push_back(std::move(entry));
  }
  return callers;
}

bool Callers::accepts(std::string_view calling_ae_title, std::string_view address,
                      Unlisted unlisted) const {
  boost::system::error_code error;
  const std::string from(address);
  const auto parsed = boost::asio::ip::make_address(from, error);
  if (error) return false;
  if (parsed.is_loopback()) return true;
  if (entries_.empty()) return unlisted == Unlisted::accepted;
  const auto title = trimmed(calling_ae_title);
  return std::ranges::any_of(entries_, [&](const Entry& entry) {
    return (entry.ae_title == "*" || entry.ae_title == title) &&
           (entry.network.empty() || is_in_network(from, entry.network));
  });
}

Result<PeerAddress> parse_peer(std::string_view text) {
  constexpr std::string_view tls = "tls://";
  const auto equals = text.find('=');
  const auto colon = text.rfind(':');
  PeerAddress peer;
  bool is_right = equals != text.npos && colon != text.npos && colon > equals + 1;
  if (is_right) {
    peer.ae_title = trimmed(text.substr(0, equals));
    peer.host = text.substr(equals + 1, colon - equals - 1);
    if (peer.host.starts_with(tls)) {
      peer.host.erase(0, tls.size());
      peer.transport = PeerAddress::Transport::tls;
    }
    if (peer.host.starts_with('[') && peer.host.ends_with(']')) {
      peer.host = peer.host.substr(1, peer.host.size() - 2);
    }
    const char* end = text.data() + text.size();
    const auto parsed = std::from_chars(text.data() + colon + 1, end, peer.port);
    is_right = is_ae_title(peer.ae_title) && !peer.host.empty() && parsed.ec == std::errc{} &&
               parsed.ptr == end && peer.port != 0;
  }
  if (is_right) return peer;
  return problem(
      ProblemKind::invalid, "value",
      fmt::format("'{}' is no peer; it must be AET=HOST:PORT or AET=tls://HOST:PORT", text));
}

}  // namespace lightbox::dimse
