#pragma once

// Brings images here that only a source has, when somebody wants to see them: an instance of a
// DICOMweb source, the whole series of a DIMSE one, where each retrieval is an association. They
// are copies: past limits.fetched_bytes_max, or older than limits.fetched_age_max_hours, they go
// again.
//
//   many who want the same -> one retrieval, which goes on when they have gone
//   of several sources that hold a study the one of the least precedence first, then the others
//
// All members are safe from any thread.

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "ingest/archive.h"
#include "ingest/fetcher.h"
#include "pacs/access.h"

namespace lightbox::pacs {

class ImageFetcher : public ingest::Fetcher {
 public:
  // Becomes the archive's fetcher. `accesses`, in order of precedence, and the archive must outlive
  // it.
  ImageFetcher(std::vector<std::unique_ptr<SourceAccess>>& accesses, ingest::Archive& archive);
  ~ImageFetcher() override;  // waits for what is under way; their paces are to be stopped before
  ImageFetcher(const ImageFetcher&) = delete;
  ImageFetcher& operator=(const ImageFetcher&) = delete;

  Result<void> fetch(const std::vector<store::StoredFile>& instances) override;

  // Those of the configuration that hold the study, in order of precedence.
  Result<std::vector<SourceAccess*>> holders_of(const std::string& study_uid) const;
  // Of several, only those that hold every instance that is known of it.
  Result<std::vector<SourceAccess*>> whole_holders_of(const std::string& study_uid) const;

 private:
  // One retrieval, and who waits for it.
  struct Flight {
    SourceAccess& first;
    store::StoredFile wanted;
    bool is_done = false;
    Result<void> result = {};
  };
  struct Line;

  Result<std::shared_ptr<Flight>> join(const store::StoredFile& instance);
  void work(Line& line);
  // Of one thread: they stay open from one retrieval to the next.
  using Connections = std::map<SourceAccess*, std::unique_ptr<RemoteArchive>>;
  Result<void> retrieve(const Flight& flight, Connections& connections);
  Result<void> retrieve_from(SourceAccess& access, RemoteArchive& archive,
                             const store::StoredFile& wanted);
  // Copies become too old though nothing is retrieved.
  void keep_room();
  void make_room();

  std::vector<std::unique_ptr<SourceAccess>>& accesses_;
  ingest::Archive& archive_;
  std::mutex mutex_;
  std::condition_variable has_work_;
  std::condition_variable is_done_;
  bool is_stopping_ = false;
  std::map<std::string, std::shared_ptr<Flight>> flights_;  // by what is retrieved
  std::vector<std::unique_ptr<Line>> lines_;                // one for each source
  std::jthread keeper_;
};

}  // namespace lightbox::pacs
