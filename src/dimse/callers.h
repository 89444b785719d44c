#pragma once

// Whom the server talks to: accepted calling AE titles with their addresses, and the AE titles that
// it answers to (PS3.8 7.1.1). Immutable; safe from any thread.
//
//   CT1             this title, from any address
//   CT1=10.0.0.5    from this address
//   CT1=10.0.0.0/24 from this network
//   *=10.0.0.0/24   any title of it

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace lightbox::dimse {

// As an AE title is compared: without leading and trailing spaces (PS3.5 6.2).
[[nodiscard]] std::string_view trimmed(std::string_view ae_title);
// 1 to 16 characters of the default repertoire, no backslash, not only spaces (PS3.5 6.2, AE).
[[nodiscard]] bool is_ae_title(std::string_view text);

class Callers {
 public:
  // `invalid` names the entry that is not as above.
  static Result<Callers> parse(const std::vector<std::string>& entries);

  // Whether callers from other machines may come where nobody is listed.
  enum class Unlisted : std::uint8_t { refused, accepted };
  // Anybody on this machine; of others those listed. `address` is numeric.
  [[nodiscard]] bool accepts(std::string_view calling_ae_title, std::string_view address,
                             Unlisted unlisted) const;

 private:
  struct Entry {
    std::string ae_title;  // "*": any
    std::string network;   // "": any; else an address or network
  };
  std::vector<Entry> entries_;
};

// Where to open associations to: AET=HOST:PORT, or AET=tls://HOST:PORT for DICOM TLS.
struct PeerAddress {
  enum class Transport : std::uint8_t { tcp, tls };
  std::string ae_title;
  std::string host;
  std::uint16_t port = 0;
  Transport transport = Transport::tcp;
};
[[nodiscard]] Result<PeerAddress> parse_peer(std::string_view text);

}  // namespace lightbox::dimse
