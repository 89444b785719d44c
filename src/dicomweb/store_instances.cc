// Store (PS3.18 10.5): a request's objects go into the archive as they come, in slices; the answer
// says what became of each.

#include <charconv>
#include <fmt/format.h>
#include <memory>

#include "dicom/part10.h"
#include "dicomweb/batch.h"
#include "dicomweb/instance_upload.h"
#include "dicomweb/metadata_upload.h"
#include "dicomweb/part_reader.h"
#include "dicomweb/routes.h"
#include "dicomweb/store_request.h"
#include "dicomweb/store_response.h"

// g++ 12 destroys some temporaries of co_await expressions twice: what is awaited here is made of
// names.

namespace lightbox::dicomweb {
namespace {

// One of the uploads that may run at once.
class Slot {
 public:
  explicit Slot(Api& api) : api_(api), number_(api.uploads.fetch_add(1)) {}
  ~Slot() { api_.uploads.fetch_sub(1); }
  Slot(const Slot&) = delete;
  Slot& operator=(const Slot&) = delete;
  [[nodiscard]] bool is_taken() const { return number_ < api_.limits().stow_requests_max; }

 private:
  Api& api_;
  std::size_t number_;
};

struct Wanted {
  StoreRequest request;
  ResponseForm form;
  std::string study_uid;  // of the URL, or ""
};

// What can be said before the body has come.
Result<Wanted> wanted_of(const Call& call) {
  Wanted wanted;
  TRY(wanted.form, response_form(call.request));
  TRY(wanted.request, store_request(call.request));
  if (!call.captures.empty()) {
    wanted.study_uid = call.captures[0];
    if (!dicom::is_uid(wanted.study_uid, dicom::UidRule::lenient)) {
      return problem(
          ProblemKind::invalid,
          fmt::format("'{}' in the URL is no UID: digits and dots, 64 characters at most",
                      wanted.study_uid));
    }
  }
  const std::string_view length = call.request.field("Content-Length");
  std::uint64_t bytes = 0;
  std::from_chars(length.data(), length.data() + length.size(), bytes);
  if (bytes > call.api.limits().stow_bytes_max) {
    return problem(ProblemKind::too_large,
                   fmt::format("The request has {} bytes, more than stow_bytes_max ({})", bytes,
                               call.api.limits().stow_bytes_max));
  }
  return wanted;
}

std::unique_ptr<Upload> make_upload(const Call& call, const StoreRequest& request, Batch& batch) {
  if (request.content == StoreRequest::Content::metadata) {
    return std::make_unique<MetadataUpload>(batch, call.api);
  }
  const auto parts = request.content == StoreRequest::Content::form ? InstanceUpload::Parts::form
                                                                    : InstanceUpload::Parts::all;
  return std::make_unique<InstanceUpload>(batch, parts, call.api.limits().dicom_memory_bytes_max);
}

boost::asio::awaitable<Result<void>> in_lane(Call& call, std::function<Result<void>()> work) {
  return call.api.lane().run<void>(std::move(work));
}

// Reads the body to its end, or to what is wrong with it.
boost::asio::awaitable<Result<void>> receive(Call& call, PartReader& reader, const Upload& upload,
                                             Batch& batch) {
  while (true) {
    const auto piece = co_await call.body->read();
    if (!piece) co_return piece.error();
    if (piece->empty()) co_return Result<void>{};
    const std::string_view bytes = *piece;
    if (upload.blocks(bytes.size()) || batch.is_full()) {
      std::function<Result<void>()> work = [&reader, &batch, bytes]() -> Result<void> {
        if (batch.is_full()) batch.store();
        return reader.take(bytes);
      };
      auto pending = in_lane(call, std::move(work));
      auto taken = co_await std::move(pending);
      if (!taken) co_return taken;
    } else if (auto taken = reader.take(bytes); !taken) {
      co_return taken;
    }
  }
}

// The client learns that a part of it is there: sending it again does no harm.
Problem with_count(Problem problem, std::size_t stored) {
  if (stored != 0) {
    problem.issues.front().diagnostics +=
        fmt::format(" ({} instances that came before this are stored)", stored);
  }
  return problem;
}

}  // namespace

boost::asio::awaitable<http::Response> store_instances(Call& call) {
  const auto wanted = wanted_of(call);
  if (!wanted) co_return call.problem_response(wanted.error());
  const Slot slot(call.api);
  if (!slot.is_taken()) {
    co_return call.problem_response(problem(
        ProblemKind::unavailable, fmt::format("{} uploads are under way (stow_requests_max); try "
                                              "again shortly",
                                              call.api.limits().stow_requests_max)));
  }
  Batch batch(call.api, wanted->study_uid, call.request.remote_address);
  const std::unique_ptr<Upload> upload = make_upload(call, wanted->request, batch);
  PartReader reader(wanted->request, call.api.limits(), *upload);
  auto receiving = receive(call, reader, *upload, batch);
  Result<void> received = co_await std::move(receiving);
  std::function<Result<void>()> finish = [&reader, &batch, &received]() -> Result<void> {
    auto finished = received ? reader.finish() : received;
    batch.store();
    batch.settle();
    return finished;
  };
  auto finishing = in_lane(call, std::move(finish));
  const Result<void> finished = co_await std::move(finishing);
  if (!finished) {
    co_return call.problem_response(with_count(finished.error(), batch.accepted_count()));
  }
  if (batch.results().empty()) {
    co_return call.problem_response(
        problem(ProblemKind::invalid, "The request has no instances, only other parts"));
  }
  co_return store_response(batch.results(), call.base, wanted->form);
}

}  // namespace lightbox::dicomweb
