#include <curl/curl.h>
#include <fmt/format.h>
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

// One resource on its way: PUT if absent; when it is there, GET; when it differs, PUT.
struct Transfer {
  enum class Step : unsigned char { put_if_absent, get, put };

  CURL* handle = nullptr;
  curl_slist* headers = nullptr;
  Step step = Step::put_if_absent;
  std::string url;
  std::string body;
  std::string content;
  std::string where;
  std::string answer;
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

  Result<void> put(const fhir::Resource& resource, const std::string& where) override {
    while (idle_.empty()) TRY_DO(drive());
    Transfer& transfer = *idle_.back();
    idle_.pop_back();
    transfer.url = fmt::format("{}/{}/{}", base_, resource.type->name, resource.id());
    transfer.body.clear();
    fhir::write_json(resource.json(), transfer.body);
    transfer.content = content_of(resource.json());
    transfer.where = where;
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
    if (step != Transfer::Step::get) {
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
    if (status == 429 || status == 503) {
      // The server is busy; it says so, and this one is tried again.
      curl_multi_poll(multi_, nullptr, 0, 200, nullptr);
      send(transfer, transfer.step);
      return {};
    }
    if (status == 201) {
      report_.loaded(Loaded::created);
    } else if (status == 200) {
      report_.loaded(transfer.step == Transfer::Step::get ? Loaded::known : Loaded::updated);
    } else {
      report_.refused(refusal(status, transfer.answer), transfer.where);
    }
    idle_.push_back(&transfer);
    return {};
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
  return std::unique_ptr<LoadTarget>(
      std::make_unique<HttpTarget>(std::move(base), options.connections, std::move(report)));
}

}  // namespace lightbox::cli
