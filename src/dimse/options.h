#pragma once

// What the DIMSE server is told (docs/configuration.md).

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/limits.h"
#include "dimse/availability.h"
#include "dimse/callers.h"
#include "dimse/negotiation.h"

namespace lightbox::dimse {

struct Endpoint {
  std::string address = "127.0.0.1";  // numeric
  std::uint16_t port = 11112;         // 0: any free one
};

// PS3.15 B.9: the BCP 195 profiles.
enum class ClientCertificates : std::uint8_t { ignored, wanted, required };
struct TlsFiles {
  std::string certificate_file;  // PEM, as all
  std::string key_file;
  std::string trusted_file;  // of those who issue the certificates of the other ends
};
struct TlsOptions {
  Endpoint listen;
  TlsFiles files;
  ClientCertificates clients = ClientCertificates::required;
};

// Which called AE titles are answered.
enum class CalledTitles : std::uint8_t { any, own };

struct ServerOptions {
  std::optional<Endpoint> listen = Endpoint{};
  std::optional<TlsOptions> tls = {};
  std::string ae_title = "LIGHTBOX";
  CalledTitles called = CalledTitles::any;
  UnknownClasses unknown = UnknownClasses::stored;
  Callers callers;
  // Where none are listed. A certificate that TLS requires is as good as a place in the list.
  Callers::Unlisted unlisted = Callers::Unlisted::refused;
  std::vector<PeerAddress> peers;  // by their AE title
  TlsFiles peer_tls = {};          // for those of them that are called by TLS
  // Whom Instance Availability Notifications are for; nobody: that SOP class is not supported.
  // Called from the threads of associations.
  std::function<void(const AvailabilityNotice&)> notify = {};
  Limits limits;
};

}  // namespace lightbox::dimse
