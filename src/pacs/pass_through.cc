#include "pacs/pass_through.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <boost/asio/this_coro.hpp>
#include <chrono>
#include <fmt/format.h>
#include <optional>
#include <utility>
#include <vector>

#include "base/log.h"
#include "http/media_type.h"
#include "http/response_body.h"
#include "http/text.h"
#include "pacs/url_replacer.h"

namespace lightbox::pacs {
namespace {

// Where URLs may be in.
bool is_text(std::string_view content_type) {
  const auto type = http::parse_media_type(content_type);
  if (!type) return false;
  const std::string_view name =
      type->name == "multipart/related" ? type->parameter("type") : std::string_view(type->name);
  constexpr std::array texts = {"application/dicom+json", "application/json",
                                "application/dicom+xml"};
  return std::ranges::any_of(
      texts, [&](std::string_view text) { return http::equals_ignoring_case(name, text); });
}

std::vector<std::string> fields_of(const http::Request& request) {
  const std::string accept = request.field_list("Accept");
  std::vector<std::string> fields = {"Accept: " + (accept.empty() ? "*/*" : accept)};
  const std::string_view range = request.field("Range");
  if (!range.empty()) fields.push_back(fmt::format("Range: {}", range));
  return fields;
}

UrlReplacer make_replacer(const SourceOptions& source, const std::string& own_base) {
  const auto& access = std::get<DicomwebAccess>(source.access);
  std::vector<std::string> bases = {access.wado_url};
  if (access.qido_url != access.wado_url) bases.push_back(access.qido_url);
  return {std::move(bases), access.wado_url, own_base};
}

// The answer as it comes.
class PassedBody final : public http::ResponseBody {
 public:
  // `bytes`: what has come already.
  PassedBody(std::unique_ptr<Transfer> transfer, std::string bytes,
             std::optional<UrlReplacer> replacer, std::string source_name)
      : transfer_(std::move(transfer)),
        source_name_(std::move(source_name)),
        size_(replacer ? std::nullopt : transfer_->head().body_bytes),
        replacer_(std::move(replacer)),
        bytes_(std::move(bytes)) {}

  [[nodiscard]] std::optional<std::uint64_t> size() const override { return size_; }

  boost::asio::awaitable<Result<Piece>> next() override {
    while (!is_over_) {
      if (!std::exchange(has_bytes_, false)) {
        auto waiting = transfer_->wait();
        co_await std::move(waiting);
        const auto left = transfer_->take(bytes_);
        if (!left) {
          co_return problem(ProblemKind::unavailable,
                            fmt::format("The answer of the source '{}' has broken off: {}",
                                        source_name_, left.error().issues[0].diagnostics));
        }
        is_over_ = *left == Transfer::Left::nothing;
      }
      const std::string_view piece = replacer_ ? replace() : std::string_view(bytes_);
      if (!piece.empty()) co_return Piece{.bytes = piece};
    }
    co_return Piece{};
  }

 private:
  std::string_view replace() {
    text_.clear();
    replacer_->write(bytes_, text_);
    if (is_over_) replacer_->finish(text_);
    return text_;
  }

  std::unique_ptr<Transfer> transfer_;
  std::string source_name_;
  std::optional<std::uint64_t> size_;
  std::optional<UrlReplacer> replacer_;
  std::string bytes_;
  std::string text_;  // of bytes_, with our URLs
  bool has_bytes_ = true;
  bool is_over_ = false;
};

}  // namespace

// Makes of what a source says what a client gets.
class PassThrough::Answers {
 public:
  explicit Answers(const SourceOptions& source) : source_(source) {}

  [[nodiscard]] const DicomwebAccess& access() const {
    return std::get<DicomwebAccess>(source_.access);
  }
  Result<http::Response> answer(std::unique_ptr<Transfer> transfer, const std::string& own_base);

 private:
  Result<http::Response> refuse(const HttpHead& head, const std::string& said);
  Problem no_answer(const Problem& why);
  // Not for each request: a viewer makes hundreds.
  void log_now_and_then(std::string_view reason);

  SourceOptions source_;
  std::atomic<std::int64_t> logged_at_ms_ = 0;
};

PassThrough::PassThrough(const SourceOptions& source)
    : answers_(std::make_shared<Answers>(source)), transfers_(source) {}

boost::asio::awaitable<Result<http::Response>> PassThrough::retrieve(const http::Request& request,
                                                                     std::string path,
                                                                     std::string own_base) {
  std::string url = answers_->access().wado_url + path;
  if (!request.query.empty()) url += "?" + request.query;
  const auto executor = co_await boost::asio::this_coro::executor;
  auto transfer = transfers_.begin(executor, std::move(url), fields_of(request));
  if (!transfer) co_return std::move(transfer).error();
  // While it waits, this may go.
  const auto answers = answers_;
  auto waiting = (*transfer)->wait();
  co_await std::move(waiting);
  co_return answers->answer(std::move(*transfer), own_base);
}

Result<http::Response> PassThrough::Answers::answer(std::unique_ptr<Transfer> transfer,
                                                    const std::string& own_base) {
  const HttpHead& head = transfer->head();
  const bool is_passed = head.status == 200 || head.status == 206;
  if (head.status != 0 && !is_passed) return refuse(head, transfer->refusal());
  std::string bytes;
  const auto left = transfer->take(bytes);
  if (!left) return no_answer(left.error());

  http::Response response{.status = head.status, .fields = {}, .body = {}};
  const auto add = [&](const char* name, std::string value) {
    if (!value.empty()) response.fields.emplace_back(name, std::move(value));
  };
  auto replacer = make_replacer(source_, own_base);
  add("Content-Type", head.content_type);
  add("Content-Range", head.content_range);
  add("Content-Location", replacer.replaced(head.content_location));
  add("Cache-Control", "no-cache");
  // Bytes of a part are counted as the source has them.
  const bool is_replaced = head.status == 200 && is_text(head.content_type);
  if (*left == Transfer::Left::nothing) {
    response.body = is_replaced ? replacer.replaced(bytes) : std::move(bytes);
    return response;
  }
  response.stream = std::make_shared<PassedBody>(
      std::move(transfer), std::move(bytes),
      is_replaced ? std::optional(std::move(replacer)) : std::nullopt, source_.name);
  return response;
}

Result<http::Response> PassThrough::Answers::refuse(const HttpHead& head, const std::string& said) {
  const std::string answered =
      fmt::format("it answered {}{}{}", head.status, said.empty() ? "" : ": ", readable(said));
  const auto failure = [&](ProblemKind kind, std::string_view what) {
    return problem(kind, fmt::format("The source '{}' {}: {}", source_.name, what, answered));
  };
  switch (head.status) {
    case 204:
    case 404:
    case 410:
      return failure(ProblemKind::not_found, "does not have it any more");
    case 401:
    case 403:
      log_now_and_then(fmt::format("it answered {}", head.status));
      return failure(ProblemKind::unavailable, "refuses this server");
    case 406:
      return failure(ProblemKind::not_acceptable, "cannot answer as Accept wants it");
    case 416: {
      http::Response response{.status = 416, .fields = {}, .body = {}};
      if (!head.content_range.empty()) {
        response.fields.emplace_back("Content-Range", head.content_range);
      }
      return response;
    }
    case 429:
      return failure(ProblemKind::throttled, "has too much to do");
    case 501:
    case 505:
      return failure(ProblemKind::not_supported, "cannot do that");
    default:
      break;
  }
  const ProblemKind kind =
      head.status < 400 ? ProblemKind::unavailable : kind_of_status(head.status);
  if (kind == ProblemKind::invalid) return failure(kind, "refuses the request");
  log_now_and_then(fmt::format("it answered {}", head.status));
  return failure(ProblemKind::unavailable, "has no answer now");
}

Problem PassThrough::Answers::no_answer(const Problem& why) {
  const std::string& reason = why.issues[0].diagnostics;
  log_now_and_then(reason);
  return problem(ProblemKind::unavailable,
                 fmt::format("The source '{}' does not answer: {}", source_.name, reason));
}

void PassThrough::Answers::log_now_and_then(std::string_view reason) {
  constexpr std::int64_t pause_ms = 10'000;
  using std::chrono::duration_cast, std::chrono::milliseconds, std::chrono::steady_clock;
  const std::int64_t now_ms =
      duration_cast<milliseconds>(steady_clock::now().time_since_epoch()).count();
  std::int64_t logged_at_ms = logged_at_ms_;
  if (logged_at_ms != 0 && now_ms - logged_at_ms < pause_ms) return;
  if (!logged_at_ms_.compare_exchange_strong(logged_at_ms, now_ms)) return;
  log(LogLevel::warning, "source_unavailable", {{"source", source_.name}, {"reason", reason}});
}

}  // namespace lightbox::pacs
