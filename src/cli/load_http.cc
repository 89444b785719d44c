#include <chrono>
#include <curl/curl.h>
#include <fmt/format.h>
#include <map>
#include <set>
#include <string_view>
#include <vector>

#include "cli/load_target.h"

namespace lightbox::cli {
namespace {

// The resource as text, without what the server gives it: for comparing what is there with what
// comes.
std::string content_of(const fhir::Json& resource) {
  return fmt::format("{}/{} {}", resource.string("resourceType"), resource.string("id"),
                     fhir::to_stored(resource));
}

using Clock = std::chrono::steady_clock;

constexpr auto busy_pause = std::chrono::milliseconds(200);
constexpr auto busy_max = std::chrono::seconds(60);  // then the load stops
constexpr long connect_timeout_s = 10;
constexpr long silence_max_s = 120;  // without a byte in either direction

// One resource on its way: PUT if absent; when it is there, GET; when it differs, PUT.
struct Transfer {
  enum class Step : unsigned char { metadata, put_if_absent, get, put };

  CURL* handle = nullptr;
  curl_slist* headers = nullptr;
  Step step = Step::put_if_absent;
  std::string url;
  std::string body;
  std::string content;
  std::string where;
  std::string answer;
  Clock::time_point busy_since;  // the server's first answer that it is; none: the epoch
};

std::size_t take_answer(char* data, std::size_t size, std::size_t count, void* transfer) {
  static_cast<Transfer*>(transfer)->answer.append(data, size * count);
  return size * count;
}

// The diagnostics of an OperationOutcome, or the text as it came.
Problem refusal(long status, const std::string& answer) {
  Problem problem{.kind = ProblemKind::invalid, .issues = {}};
  if (const auto outcome = fhir::parse_json(answer)) {
    const fhir::Json* issues = outcome->root()->find("issue");
    for (const auto* issue = issues == nullptr ? nullptr : issues->first; issue != nullptr;
         issue = issue->next) {
      const fhir::Json* expression = issue->find("expression");
      problem.issues.push_back({.severity = Severity::error,
                                .code = "processing",
                                .diagnostics = std::string(issue->string("diagnostics")),
                                .expression = expression == nullptr || expression->first == nullptr
                                                  ? std::string()
                                                  : std::string(expression->first->text)});
    }
  }
  if (problem.issues.empty()) {
    problem.issues.push_back(
        {.severity = Severity::error,
         .code = "processing",
         .diagnostics = fmt::format("the server answered {}: {}", status, answer),
         .expression = {}});
  }
  return problem;
}

class HttpTarget : public LoadTarget {
 public:
  HttpTarget(std::string base, unsigned connections, LoadReport report)
      : base_(std::move(base)), report_(std::move(report)), multi_(curl_multi_init()) {
    transfers_.reserve(connections);
    for (unsigned i = 0; i < connections; ++i) {
      transfers_.push_back(std::make_unique<Transfer>());
      transfers_.back()->handle = curl_easy_init();
      idle_.push_back(transfers_.back().get());
    }
  }

  ~HttpTarget() override {
    for (const auto& transfer : transfers_) {
      curl_multi_remove_handle(multi_, transfer->handle);
      curl_easy_cleanup(transfer->handle);
      curl_slist_free_all(transfer->headers);
    }
    curl_multi_cleanup(multi_);
  }
  HttpTarget(const HttpTarget&) = delete;
  HttpTarget& operator=(const HttpTarget&) = delete;

  // Whether this is a FHIR server at all is asked once, not once for each resource.
  Result<void> connect() {
    Transfer& transfer = *idle_.back();
    idle_.pop_back();
    transfer.url = base_ + "/metadata";
    send(transfer, Transfer::Step::metadata);
    return finish();
  }

  Result<void> put(const fhir::Resource& resource, const std::string& where) override {
    const std::string url = fmt::format("{}/{}/{}", base_, resource.type->name, resource.id());
    // Two versions of one resource arrive in their order.
    while (idle_.empty() || under_way_.contains(url)) TRY_DO(drive());
    Transfer& transfer = *idle_.back();
    idle_.pop_back();
    transfer.url = url;
    under_way_.insert(url);
    transfer.body.clear();
    fhir::write_json(resource.json(), transfer.body);
    transfer.content = content_of(resource.json());
    transfer.where = where;
    transfer.busy_since = {};
    send(transfer, Transfer::Step::put_if_absent);
    return {};
  }

  Result<void> finish() override {
    while (idle_.size() < transfers_.size()) TRY_DO(drive());
    return {};
  }

 private:
  void send(Transfer& transfer, Transfer::Step step) {
    CURL* handle = transfer.handle;
    curl_multi_remove_handle(multi_, handle);
    curl_easy_reset(handle);
    curl_slist_free_all(transfer.headers);
    transfer.headers = nullptr;
    transfer.answer.clear();
    transfer.step = step;
    curl_easy_setopt(handle, CURLOPT_URL, transfer.url.c_str());
    curl_easy_setopt(handle, CURLOPT_PRIVATE, &transfer);
    curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, take_answer);
    curl_easy_setopt(handle, CURLOPT_WRITEDATA, &transfer);
    curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT, connect_timeout_s);
    curl_easy_setopt(handle, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(handle, CURLOPT_LOW_SPEED_TIME, silence_max_s);
    if (step == Transfer::Step::put_if_absent || step == Transfer::Step::put) {
      add_header(transfer, "Content-Type: application/fhir+json");
      add_header(transfer, "Prefer: return=minimal");
      add_header(transfer, "Expect:");
      if (step == Transfer::Step::put_if_absent) add_header(transfer, "If-None-Match: *");
      curl_easy_setopt(handle, CURLOPT_CUSTOMREQUEST, "PUT");
      curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE,
                       static_cast<curl_off_t>(transfer.body.size()));
      curl_easy_setopt(handle, CURLOPT_POSTFIELDS, transfer.body.c_str());
    }
    curl_easy_setopt(handle, CURLOPT_HTTPHEADER, transfer.headers);
    curl_multi_add_handle(multi_, handle);
  }

  static void add_header(Transfer& transfer, const char* header) {
    transfer.headers = curl_slist_append(transfer.headers, header);
  }

  // Moves all transfers on, and waits a little when there is nothing to do.
  Result<void> drive() {
    for (auto due = waiting_.begin(); due != waiting_.end() && due->first <= Clock::now();) {
      send(*due->second, due->second->step);
      due = waiting_.erase(due);
    }
    int running = 0;
    curl_multi_perform(multi_, &running);
    int left = 0;
    bool is_finished = false;
    while (CURLMsg* message = curl_multi_info_read(multi_, &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      is_finished = true;
      Transfer* transfer = nullptr;
      curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
      const CURLcode code = message->data.result;
      if (code != CURLE_OK) {
        return problem(ProblemKind::unavailable,
                       fmt::format("{}: {}; start the load again when the server is there",
                                   transfer->url, curl_easy_strerror(code)));
      }
      TRY_DO(take(*transfer));
    }
    if (!is_finished) curl_multi_poll(multi_, nullptr, 0, 100, nullptr);
    return {};
  }

  Result<void> take(Transfer& transfer) {
    long status = 0;
    curl_easy_getinfo(transfer.handle, CURLINFO_RESPONSE_CODE, &status);
    if (status == 412 && transfer.step == Transfer::Step::put_if_absent) {
      send(transfer, Transfer::Step::get);
      return {};
    }
    if (status == 200 && transfer.step == Transfer::Step::get && !is_same(transfer)) {
      send(transfer, Transfer::Step::put);
      return {};
    }
    if (status == 429 || status == 503) return wait(transfer, status);
    TRY_DO(check_server(transfer, status));
    if (transfer.step == Transfer::Step::metadata) {
      // Nothing was loaded.
    } else if (status == 201) {
      report_.loaded(Loaded::created);
    } else if (status == 200) {
      report_.loaded(transfer.step == Transfer::Step::get ? Loaded::known : Loaded::updated);
    } else {
      report_.refused(refusal(status, transfer.answer), transfer.where);
    }
    under_way_.erase(transfer.url);
    idle_.push_back(&transfer);
    return {};
  }

  // A server that is busy says so, and is asked again for a while.
  Result<void> wait(Transfer& transfer, long status) {
    const auto now = Clock::now();
    if (transfer.busy_since == Clock::time_point()) transfer.busy_since = now;
    if (now - transfer.busy_since > busy_max) return stop(transfer, status);
    curl_multi_remove_handle(multi_, transfer.handle);
    waiting_.emplace(now + busy_pause, &transfer);
    return {};
  }

  // Answers that the next resource would get as well end the load.
  Result<void> check_server(const Transfer& transfer, long status) const {
    const bool is_for_all = status == 401 || status == 403 || status == 507;
    if (transfer.step != Transfer::Step::metadata) {
      return is_for_all ? stop(transfer, status) : Result<void>();
    }
    const auto statement = fhir::parse_json(transfer.answer);
    if (status == 200 && statement &&
        statement->root()->string("resourceType") == "CapabilityStatement") {
      return {};
    }
    if (is_for_all) return stop(transfer, status);
    return problem(ProblemKind::invalid, "value",
                   fmt::format("{} is no FHIR base: {}/metadata answers {} and no "
                               "CapabilityStatement; it must be such as "
                               "http://localhost:8080/baseR4",
                               base_, base_, status));
  }

  static Problem stop(const Transfer& transfer, long status) {
    return problem(ProblemKind::unavailable,
                   fmt::format("{}: the server answered {}: {}", transfer.url, status,
                               refusal(status, transfer.answer).issues.front().diagnostics));
  }

  static bool is_same(const Transfer& transfer) {
    const auto there = fhir::parse_json(transfer.answer);
    return there && content_of(*there->root()) == transfer.content;
  }

  std::string base_;
  LoadReport report_;
  CURLM* multi_;
  std::vector<std::unique_ptr<Transfer>> transfers_;
  std::vector<Transfer*> idle_;
  std::multimap<Clock::time_point, Transfer*> waiting_;  // for a busy server
  std::set<std::string> under_way_;                      // URLs
};

}  // namespace

Result<std::unique_ptr<LoadTarget>> open_http_target(const LoadOptions& options,
                                                     LoadReport report) {
  std::string base = options.to_url;
  while (base.ends_with('/')) base.pop_back();
  if (!base.starts_with("http://") && !base.starts_with("https://")) {
    return problem(ProblemKind::invalid, "value",
                   fmt::format("--to is '{}'; it must be a FHIR base, such as "
                               "http://localhost:8080/baseR4",
                               options.to_url));
  }
  curl_global_init(CURL_GLOBAL_DEFAULT);
  auto target =
      std::make_unique<HttpTarget>(std::move(base), options.connections, std::move(report));
  TRY_DO(target->connect());
  return std::unique_ptr<LoadTarget>(std::move(target));
}

}  // namespace lightbox::cli
