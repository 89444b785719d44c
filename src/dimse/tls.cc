#include "dimse/tls.h"

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmnet/dcmlayer.h>
#include <dcmtk/dcmtls/tlslayer.h>
#include <fmt/format.h>

namespace lightbox::dimse {
namespace {

DcmCertificateVerification verification_of(ClientCertificates clients) {
  switch (clients) {
    case ClientCertificates::ignored:
      return DCV_ignoreCertificate;
    case ClientCertificates::wanted:
      return DCV_checkCertificate;
    case ClientCertificates::required:
      break;
  }
  return DCV_requireCertificate;
}

Result<std::unique_ptr<DcmTransportLayer>> make_layer(T_ASC_NetworkRole role, const TlsFiles& files,
                                                      DcmCertificateVerification verification) {
  const auto refused = [](std::string_view what, const std::string& file, const char* reason) {
    return problem(ProblemKind::invalid, "value",
                   fmt::format("The {} '{}' cannot be used for TLS: {}", what, file, reason));
  };
  DcmTLSTransportLayer::initializeOpenSSL();
  auto layer = std::make_unique<DcmTLSTransportLayer>(role, nullptr, OFFalse);
  // Non-downgrading: TLS 1.2 and better.
  if (const auto set = layer->setTLSProfile(TSP_Profile_BCP195_ND); set.bad()) {
    return refused("profile", "BCP 195", set.text());
  }
  if (const auto set = layer->activateCipherSuites(); set.bad()) {
    return refused("profile", "BCP 195", set.text());
  }
  const auto& [certificate, key, trusted] = files;
  if (const auto read = layer->setPrivateKeyFile(key.c_str(), DCF_Filetype_PEM); read.bad()) {
    return refused("key", key, read.text());
  }
  if (const auto read = layer->setCertificateFile(certificate.c_str(), DCF_Filetype_PEM);
      read.bad()) {
    return refused("certificate", certificate, read.text());
  }
  if (!layer->checkPrivateKeyMatchesCertificate()) {
    return refused("certificate", certificate, "the key is of another");
  }
  if (!trusted.empty()) {
    const auto read = layer->addTrustedCertificateFile(trusted.c_str(), DCF_Filetype_PEM);
    if (read.bad()) return refused("list of trusted certificates", trusted, read.text());
  }
  layer->setCertificateVerification(verification);
  return std::unique_ptr<DcmTransportLayer>(std::move(layer));
}

}  // namespace

Result<std::unique_ptr<DcmTransportLayer>> make_tls_layer(const TlsOptions& options) {
  return make_layer(NET_ACCEPTOR, options.files, verification_of(options.clients));
}

Result<std::unique_ptr<DcmTransportLayer>> make_outgoing_tls_layer(const TlsFiles& files) {
  return make_layer(NET_REQUESTOR, files, DCV_requireCertificate);
}

}  // namespace lightbox::dimse
