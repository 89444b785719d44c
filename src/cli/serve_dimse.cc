#include "cli/serve_dimse.h"

#include <boost/asio/ip/address.hpp>
#include <fmt/format.h>
#include <optional>

#include "cli/endpoint_setting.h"

namespace lightbox::cli {
namespace {

// The members in the order of `words`.
template <typename Enum>
Result<Enum> choice(const Settings& settings, std::string_view name,
                    std::initializer_list<std::string_view> words) {
  const Setting& setting = settings.get(name);
  std::size_t index = 0;
  for (const std::string_view word : words) {
    if (setting.value == word) return static_cast<Enum>(index);
    ++index;
  }
  return wrong_setting(name, setting, fmt::format("one of {}", fmt::join(words, ", ")));
}

Result<std::optional<dimse::TlsOptions>> tls_options(const Settings& settings) {
  TRY(auto listen, endpoint_setting(settings, "dimse_tls_listen"));
  if (!listen) return std::optional<dimse::TlsOptions>();
  dimse::TlsOptions tls{.listen = std::move(*listen), .files = tls_files(settings)};
  TRY(tls.clients, choice<dimse::ClientCertificates>(settings, "dimse_tls_client",
                                                     {"ignored", "wanted", "required"}));
  for (const char* name : {"dimse_tls_cert", "dimse_tls_key", "dimse_tls_ca"}) {
    const bool may_be_empty = name == std::string_view("dimse_tls_ca") &&
                              tls.clients == dimse::ClientCertificates::ignored;
    if (settings.get(name).value.empty() && !may_be_empty) {
      return wrong_setting(name, settings.get(name), "a PEM file, since dimse_tls_listen is on");
    }
  }
  return std::optional(std::move(tls));
}

// Both ends show their certificates.
Result<void> check_peer_tls(const Settings& settings) {
  for (const char* name : {"dimse_tls_cert", "dimse_tls_key", "dimse_tls_ca"}) {
    if (!settings.get(name).value.empty()) continue;
    return wrong_setting(name, settings.get(name), "a PEM file, since a peer is called by TLS");
  }
  return {};
}

// Other machines may come when it is said which, or with certificates that were issued for it.
Result<void> check_exposure(const Settings& settings, const dimse::ServerOptions& options) {
  const bool has_callers =
      settings.get("insecure").value == "true" || !settings.list("dimse_accept").empty();
  const auto check = [&](std::string_view name, const std::string& address,
                         bool is_open) -> Result<void> {
    if (!is_open || boost::asio::ip::make_address(address).is_loopback()) return {};
    return problem(
        ProblemKind::forbidden,
        fmt::format("{}: listening on {} would open this server to any caller on other "
                    "machines; dimse_accept says which may come, or --insecure that this "
                    "is meant",
                    name, address));
  };
  if (options.listen) TRY_DO(check("dimse", options.listen->address, !has_callers));
  if (options.tls) {
    const bool is_open =
        !has_callers && options.tls->clients != dimse::ClientCertificates::required;
    TRY_DO(check("dimse_tls_listen", options.tls->listen.address, is_open));
  }
  return {};
}

}  // namespace

dimse::TlsFiles tls_files(const Settings& settings) {
  return {.certificate_file = settings.get("dimse_tls_cert").value,
          .key_file = settings.get("dimse_tls_key").value,
          .trusted_file = settings.get("dimse_tls_ca").value};
}

Result<dimse::ServerOptions> dimse_options(const Settings& settings) {
  dimse::ServerOptions options;
  options.limits = settings.limits();
  TRY(options.listen, endpoint_setting(settings, "dimse"));
  TRY(options.tls, tls_options(settings));
  options.ae_title = settings.get("aet").value;
  if (!dimse::is_ae_title(options.ae_title)) {
    return wrong_setting("aet", settings.get("aet"), "an AE title of 1 to 16 characters");
  }
  TRY(options.called, choice<dimse::CalledTitles>(settings, "dimse_called", {"any", "own"}));
  TRY(options.unknown,
      choice<dimse::UnknownClasses>(settings, "dimse_unknown", {"refuse", "store"}));
  TRY(options.callers, dimse::Callers::parse(settings.list("dimse_accept")));
  if (settings.get("insecure").value == "true") {
    options.unlisted = dimse::Callers::Unlisted::accepted;
  }
  options.peer_tls = tls_files(settings);
  for (const std::string& text : settings.list("peer")) {
    TRY(auto peer, dimse::parse_peer(text));
    if (peer.transport == dimse::PeerAddress::Transport::tls) TRY_DO(check_peer_tls(settings));
    options.peers.push_back(std::move(peer));
  }
  TRY_DO(check_exposure(settings, options));
  return options;
}

Result<std::unique_ptr<dimse::Server>> start_dimse(dimse::ServerOptions options,
                                                   ingest::Archive& archive) {
  if (!options.listen && !options.tls) return std::unique_ptr<dimse::Server>();
  return dimse::Server::start(std::move(options), archive);
}

}  // namespace lightbox::cli
