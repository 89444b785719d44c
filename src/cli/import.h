#pragma once

// `lightbox import`: DICOM objects from files, folders, media and archives, into a stopped data
// folder or a running server.

#include <string>
#include <vector>

#include "ingest/archive.h"
#include "ingest/projector.h"

namespace lightbox::cli {

enum class ImportWay : unsigned char { copy, in_place };

struct ImportOptions {
  std::vector<std::string> paths;
  ingest::ArchiveOptions archive;
  std::string to_url;  // "http://localhost:8080/dicomweb"; "": into the archive
  ImportWay way = ImportWay::copy;
  unsigned threads = 0;      // 0: as many as the machine has cores, and four at least
  unsigned connections = 4;  // to the server
  ingest::ProjectorOptions projector;
};

// Imports everything that is DICOM, and returns the process's exit status: 0 when all of it was
// taken or known, 2 when something was refused, 1 when it could not go on or was stopped.
int import_objects(const ImportOptions& options);

}  // namespace lightbox::cli
