#pragma once

// What all connections to one source share: its pace, and for DIMSE this server's name and the
// associations that it opens. Safe from any thread.

#include <functional>
#include <memory>
#include <string>

#include "base/limits.h"
#include "dimse/outgoing.h"
#include "pacs/pace.h"
#include "pacs/remote_archive.h"
#include "pacs/source.h"

namespace lightbox::pacs {

class SourceAccess {
 public:
  // What it is given must outlive it. `outgoing` is needed for DIMSE only.
  struct Environment {
    const Limits& limits;
    std::string calling_ae_title;
    dimse::Outgoing* outgoing = nullptr;
    std::function<bool()> is_stopped;
  };
  SourceAccess(SourceOptions source, Environment environment);

  // A connection, for one thread at a time; this must outlive it.
  [[nodiscard]] std::unique_ptr<RemoteArchive> connect();
  [[nodiscard]] Pace& pace() { return pace_; }
  [[nodiscard]] const SourceOptions& source() const { return source_; }

 private:
  SourceOptions source_;
  Environment environment_;
  Pace pace_;
};

[[nodiscard]] inline const DimseAccess* dimse_of(const SourceOptions& source) {
  return std::get_if<DimseAccess>(&source.access);
}
// Under which name what it sends arrives: C-MOVE comes by an association of its own.
[[nodiscard]] const std::string& origin_of(const SourceOptions& source);

}  // namespace lightbox::pacs
