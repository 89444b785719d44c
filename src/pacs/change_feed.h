#pragma once

// What an Orthanc says has changed: GET /changes of its REST API. Each entry has a number; a place
// in the list is the number of the last one that was read. Deletions are not among them.
//
// Belongs to one thread at a time.

#include <cstdint>
#include <functional>
#include <set>
#include <string>

#include "base/limits.h"
#include "base/result.h"
#include "pacs/http_client.h"
#include "pacs/pace.h"
#include "pacs/source.h"

namespace lightbox::pacs {

struct Changes {
  std::set<std::string> study_uids;
  std::int64_t place = 0;
  bool is_end = true;
};

class ChangeFeed {
 public:
  // All must outlive it.
  struct Environment {
    const SourceOptions& source;
    const Limits& limits;
    Pace& pace;
    const std::function<bool()>& is_stopped;
  };
  explicit ChangeFeed(const Environment& environment)
      : environment_(environment), client_(environment.source, environment.is_stopped) {}

  // Both fail as HttpClient::get() does, and with `invalid` when what answers is no Orthanc.

  // The place of what has happened until now.
  Result<std::int64_t> newest();
  // What comes behind a place, a page of it: studies that are new, or that have been quiet for a
  // while after instances came.
  Result<Changes> after(std::int64_t place);

 private:
  Result<std::string> get(const std::string& url);

  Environment environment_;
  HttpClient client_;
};

}  // namespace lightbox::pacs
