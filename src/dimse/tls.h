#pragma once

// DICOM TLS (PS3.15 B.9, BCP 195) by DCMTK's layer over OpenSSL. What it makes may be used from any
// thread.

#include <memory>

#include "base/result.h"
#include "dimse/options.h"

class DcmTransportLayer;

namespace lightbox::dimse {

// Reads certificates and keys. `invalid` names the file that cannot be used.
Result<std::unique_ptr<DcmTransportLayer>> make_tls_layer(const TlsOptions& options);

// For associations that are opened from here: whoever answers must have a certificate that one of
// the trusted file has issued, and gets this one. Its host name is not compared.
Result<std::unique_ptr<DcmTransportLayer>> make_outgoing_tls_layer(const TlsFiles& files);

}  // namespace lightbox::dimse
