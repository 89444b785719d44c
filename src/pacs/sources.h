#pragma once

// What a server does with the sources of its configuration: it follows them (follower.h), and
// brings images that somebody wants to see (image_fetcher.h). Safe from any thread.

#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/limits.h"
#include "base/result.h"
#include "dimse/options.h"
#include "ingest/archive.h"
#include "pacs/access.h"
#include "pacs/association_watch.h"
#include "pacs/follower.h"
#include "pacs/image_fetcher.h"
#include "pacs/pass_through.h"

namespace lightbox::pacs {

// In order of precedence, then of names.
void sort_by_precedence(std::vector<SourceOptions>& sources);

class Sources {
 public:
  struct Options {
    std::vector<SourceOptions> sources;
    Limits limits;
    std::string calling_ae_title;
    dimse::TlsFiles tls;  // for DIMSE sources with TLS
  };
  // Becomes the archive's fetcher; the archive must outlive it. `invalid` when a file of `tls`
  // cannot be used.
  static Result<std::unique_ptr<Sources>> start(Options options, ingest::Archive& archive);
  ~Sources();  // ends what is under way
  Sources(const Sources&) = delete;
  Sources& operator=(const Sources&) = delete;

  // Has the newest days of a source looked at soon; of all when it is "". False: there is no such
  // source.
  bool look_now(std::string_view source);
  // Likewise the studies of a name, whatever their date. `throttled` when too many wait.
  Result<bool> look_at(std::string_view source, const StudyName& name);
  // Likewise the study of a notification: in the archives whose AE titles it has; in all, when
  // those are of none.
  void look_at(const dimse::AvailabilityNotice& notice);

  // What a DICOMweb source that holds the study answers (pass_through.h), by precedence: the next
  // one when one does not answer. nullopt: none of those that hold all of it speaks
  // DICOMweb.
  std::optional<boost::asio::awaitable<Result<http::Response>>> pass_on(
      const http::Request& request, const std::string& study_uid, std::string path,
      std::string own_base);

 private:
  explicit Sources(Options options) : options_(std::move(options)) {}
  using Passing = std::vector<PassThrough*>;
  static boost::asio::awaitable<Result<http::Response>> pass_to(Passing passing,
                                                                const http::Request& request,
                                                                std::string path,
                                                                std::string own_base);

  Options options_;
  std::atomic<bool> is_stopped_ = false;
  std::unique_ptr<AssociationWatch> watch_;
  std::vector<std::unique_ptr<SourceAccess>> pulls_;    // in the allowed hours
  std::vector<std::unique_ptr<SourceAccess>> images_;   // whenever somebody wants them
  std::map<const SourceAccess*, PassThrough> passing_;  // by images_, of DICOMweb
  std::unique_ptr<ImageFetcher> fetcher_;
  std::vector<std::unique_ptr<Follower>> polls_;  // as pulls_
  std::vector<std::unique_ptr<Follower>> walks_;
};

}  // namespace lightbox::pacs
