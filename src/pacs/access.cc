#include "pacs/access.h"

namespace lightbox::pacs {

SourceAccess::SourceAccess(SourceOptions source, Environment environment)
    : source_(std::move(source)),
      environment_(std::move(environment)),
      pace_(source_, environment_.is_stopped) {}

std::unique_ptr<RemoteArchive> SourceAccess::connect() {
  const Connecting connecting{.source = source_,
                              .limits = environment_.limits,
                              .pace = pace_,
                              .is_stopped = environment_.is_stopped};
  if (dimse_of(source_) == nullptr) return connect_dicomweb(connecting);
  return connect_dimse({.connecting = connecting,
                        .calling_ae_title = environment_.calling_ae_title,
                        .outgoing = *environment_.outgoing});
}

const std::string& origin_of(const SourceOptions& source) {
  const DimseAccess* dimse = dimse_of(source);
  const bool is_moved = dimse != nullptr && dimse->retrieve == DimseAccess::Retrieve::move;
  return is_moved ? dimse->peer.ae_title : source.name;
}

}  // namespace lightbox::pacs
