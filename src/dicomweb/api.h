#pragma once

// DICOMweb (PS3.18) as handlers of http::Server, below /dicomweb. Knows no FHIR: what a problem
// looks like is said by whoever wires it, so that errors here look like all others.

#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/limits.h"
#include "http/body_reader.h"
#include "http/lane.h"
#include "http/message.h"
#include "http/origin.h"
#include "http/server.h"
#include "ingest/archive.h"

namespace lightbox::dicomweb {

// Passes a retrieval on to another archive that holds the study and speaks DICOMweb; nullopt: there
// is none. `path` is below its base, of checked UIDs; `base` takes the place of that in its answer.
using PassOn = std::function<std::optional<boost::asio::awaitable<Result<http::Response>>>(
    const http::Request& request, const std::string& study_uid, std::string path,
    std::string base)>;

struct ApiOptions {
  http::OriginRules origins;
  Limits limits;
  http::ProblemResponse problem_response;
  PassOn pass_on = nullptr;
};

// Thread-safe; the archive must outlive it.
class Api {
 public:
  Api(ApiOptions options, ingest::Archive& archive);

  // Whether a request is for this rather than for another part of the server.
  [[nodiscard]] static bool is_ours(const http::Request& request);
  // Whether its body must come as a stream (http::Streamed).
  [[nodiscard]] static bool is_streamed(const http::Request& request);

  // Never throw but for lack of memory.
  boost::asio::awaitable<http::Response> answer(const http::Request& request);
  boost::asio::awaitable<http::Response> answer_streamed(const http::Request& request,
                                                         http::BodyReader& body);

  // The picture of a study, as `request` wants it (PS3.18 10.4.1.1.6): for a URL that is not one of
  // DICOMweb's. Fails as that does.
  boost::asio::awaitable<Result<http::Response>> thumbnail(const http::Request& request,
                                                           std::string study_uid);

  [[nodiscard]] const ApiOptions& options() const { return options_; }
  [[nodiscard]] const Limits& limits() const { return options_.limits; }
  [[nodiscard]] ingest::Archive& archive() { return archive_; }
  // Where work goes that waits for the disk.
  [[nodiscard]] http::Lane& lane() { return lane_; }
  // Where searches go that are long.
  [[nodiscard]] http::Lane& search_lane() { return search_lane_; }
  // Where frames are decoded, rendered and encoded: a thread for each core, of low priority.
  [[nodiscard]] http::Lane& pixel_lane() { return pixel_lane_; }

  // Where requests wait for what is fetched from other archives.
  [[nodiscard]] http::Lane& fetch_lane() { return fetch_lane_; }

  // Of all uploads at once: how many there are, and the bytes of objects that they hold in memory.
  std::atomic<std::size_t> uploads = 0;
  std::atomic<std::size_t> upload_bytes_held = 0;

 private:
  boost::asio::awaitable<http::Response> answer_any(const http::Request& request,
                                                    http::BodyReader* body);

  ApiOptions options_;
  ingest::Archive& archive_;
  http::Lane lane_;
  http::Lane search_lane_;
  http::Lane pixel_lane_;
  http::Lane fetch_lane_;
};

// One request on its way to its answer.
struct Call {
  Api& api;
  const http::Request& request;
  http::BodyReader* body = nullptr;   // of streamed routes
  std::vector<std::string> captures;  // of the route's pattern, in order
  std::string base;                   // "http://localhost:8080/dicomweb"

  [[nodiscard]] http::Response problem_response(const Problem& problem) const {
    return api.options().problem_response(problem, &request);
  }
};

}  // namespace lightbox::dicomweb
