// What could not be done with something that arrived, and why: a list for those who mend it. Not of
// PS3.18.

#include <charconv>
#include <chrono>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <initializer_list>

#include "dicom/json.h"
#include "dicomweb/routes.h"
#include "ingest/retry.h"
#include "store/dicom_index.h"

namespace lightbox::dicomweb {
namespace {

using store::DicomProblem;

constexpr std::size_t page_size_default = 100;
constexpr std::size_t page_size_max = 1'000;

// Those that are not empty.
void append_members(std::initializer_list<std::pair<const char*, const std::string*>> members,
                    std::string& out) {
  for (const auto& [name, value] : members) {
    if (value->empty()) continue;
    out += fmt::format(R"(,"{}":)", name);
    dicom::append_json_string(*value, out);
  }
}

void append_problem(const DicomProblem& problem, std::string& out) {
  const std::chrono::sys_time<std::chrono::milliseconds> at{
      std::chrono::milliseconds(problem.at_ms)};
  const auto seconds = std::chrono::floor<std::chrono::seconds>(at);
  out += fmt::format(R"({{"id":{},"kind":"{}","at":"{:%Y-%m-%dT%H:%M:%S}.{:03}Z","code":)",
                     problem.key, name_of(problem.kind), seconds, problem.at_ms % 1000);
  dicom::append_json_string(problem.code, out);
  out += R"(,"diagnostics":)";
  dicom::append_json_string(problem.diagnostics, out);
  append_members({{"study", &problem.study_uid},
                  {"series", &problem.series_uid},
                  {"instance", &problem.sop_instance_uid},
                  {"source", &problem.source},
                  {"file", &problem.file}},
                 out);
  out += '}';
}

http::Response json_response(std::string body) {
  return {.status = 200,
          .fields = {{"Content-Type", "application/json"}, {"Cache-Control", "no-store"}},
          .body = std::move(body)};
}

Result<std::int64_t> number_of(std::string_view name, std::string_view text, std::int64_t least,
                               std::int64_t most) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc{} && end == text.data() + text.size() && number >= least &&
      number <= most) {
    return number;
  }
  return problem(ProblemKind::invalid, fmt::format("{} is '{}'; it must be a whole number from {} "
                                                   "to {}",
                                                   name, text, least, most));
}

struct Page {
  std::int64_t after = 0;
  std::size_t limit = page_size_default;
};
Result<Page> page_of(const http::Request& request) {
  constexpr std::int64_t key_max = std::numeric_limits<std::int64_t>::max() - 1;
  TRY(const auto parameters, http::decode_form(request.query));
  Page page;
  for (const auto& [name, value] : parameters) {
    if (name == "after") {
      TRY(page.after, number_of(name, value, 0, key_max));
    } else if (name == "limit") {
      TRY(const auto limit, number_of(name, value, 1, page_size_max));
      page.limit = static_cast<std::size_t>(limit);
    } else {
      return problem(
          ProblemKind::invalid,
          fmt::format("There is no parameter '{}' here; there are after and limit", name));
    }
  }
  return page;
}

// The problem of the URL's key: not_found.
Result<DicomProblem> find(Call& call) {
  const auto key =
      number_of("The id", call.captures[0], 1, std::numeric_limits<std::int64_t>::max());
  if (key) {
    TRY(auto found, call.api.archive().store().dicom().problems(*key - 1, 1));
    if (!found.empty() && found[0].key == *key) return std::move(found[0]);
  }
  return problem(ProblemKind::not_found, fmt::format("There is no problem '{}'", call.captures[0]));
}

std::string_view word_of(ingest::Admitted::Outcome outcome) {
  if (outcome == ingest::Admitted::Outcome::known) return "known";
  return outcome == ingest::Admitted::Outcome::replaced ? "replaced" : "stored";
}

Result<http::Response> take_again(Call& call, const DicomProblem& one) {
  TRY(const auto admitted, ingest::retry(call.api.archive(), one));
  std::string body = fmt::format(R"({{"id":{},"outcome":"{}")", one.key, word_of(admitted.outcome));
  append_members({{"study", &admitted.study_uid},
                  {"series", &admitted.series_uid},
                  {"instance", &admitted.sop_instance_uid}},
                 body);
  return json_response(body + '}');
}

// Its resources follow in a moment, and with them the problems of the mapping.
Result<http::Response> map_again(Call& call, const DicomProblem& one) {
  TRY_DO(call.api.archive().map_again(one.study_uid));
  std::string body = fmt::format(R"({{"id":{},"outcome":"queued")", one.key);
  append_members({{"study", &one.study_uid}}, body);
  auto response = json_response(body + '}');
  response.status = 202;
  return response;
}

// The object was read again, and is refused as before; as opposed to a full disk.
bool stands(ProblemKind kind) {
  return kind == ProblemKind::conflict || kind == ProblemKind::unprocessable ||
         kind == ProblemKind::not_found || kind == ProblemKind::internal;
}

}  // namespace

boost::asio::awaitable<http::Response> list_problems(Call& call) {
  const auto page = page_of(call.request);
  if (!page) co_return call.problem_response(page.error());
  // One more than the page says whether there is another.
  auto found = call.api.archive().store().dicom().problems(page->after, page->limit + 1);
  if (!found) co_return call.problem_response(found.error());
  const bool has_more = found->size() > page->limit;
  if (has_more) found->pop_back();
  std::string body = R"({"problems":[)";
  for (const DicomProblem& problem : *found) {
    if (body.back() == '}') body += ',';
    append_problem(problem, body);
  }
  body += ']';
  if (has_more) {
    body += R"(,"next":)";
    dicom::append_json_string(
        fmt::format("{}/problems?after={}&limit={}", call.base, found->back().key, page->limit),
        body);
  }
  body += '}';
  co_return json_response(std::move(body));
}

boost::asio::awaitable<http::Response> read_problem(Call& call) {
  const auto found = find(call);
  if (!found) co_return call.problem_response(found.error());
  std::string body;
  append_problem(*found, body);
  co_return json_response(std::move(body));
}

boost::asio::awaitable<http::Response> remove_problem(Call& call) {
  const auto found = find(call);
  if (!found) co_return call.problem_response(found.error());
  std::function<Result<void>()> work = [&call, &found] {
    return call.api.archive().dismiss(*found);
  };
  auto pending = call.api.lane().run<void>(std::move(work));
  const auto removed = co_await std::move(pending);
  if (!removed) co_return call.problem_response(removed.error());
  co_return http::Response{.status = 204, .fields = {}, .body = {}};
}

boost::asio::awaitable<http::Response> retry_problem(Call& call) {
  const auto found = find(call);
  if (!found) co_return call.problem_response(found.error());
  std::function<Result<http::Response>()> work = [&call, &found] {
    return found->kind == store::DicomProblemKind::mapping ? map_again(call, *found)
                                                           : take_again(call, *found);
  };
  auto pending = call.api.lane().run<http::Response>(std::move(work));
  auto response = co_await std::move(pending);
  if (!response) co_return call.problem_response(response.error());
  co_return std::move(*response);
}

// One after the other, so that nothing else waits for long.
boost::asio::awaitable<http::Response> retry_problems(Call& call) {
  auto& archive = call.api.archive();
  const auto all = archive.store().dicom().problems(store::DicomProblemKind::quarantined);
  if (!all) co_return call.problem_response(all.error());
  std::uint64_t taken = 0;
  std::uint64_t left = 0;
  std::string_view file;
  for (const DicomProblem& one : *all) {
    if (one.file == file) continue;  // another reason of the same object
    file = one.file;
    std::function<Result<void>()> work = [&archive, &one]() -> Result<void> {
      TRY_DO(ingest::retry(archive, one));
      return {};
    };
    auto pending = call.api.lane().run<void>(std::move(work));
    const auto retried = co_await std::move(pending);
    if (!retried && !stands(retried.error().kind)) co_return call.problem_response(retried.error());
    ++(retried ? taken : left);
  }
  co_return json_response(fmt::format(R"({{"taken":{},"left":{}}})", taken, left));
}

}  // namespace lightbox::dicomweb
