#include "dicomweb/elsewhere.h"

#include <algorithm>
#include <cctype>
#include <iterator>

#include "dicomweb/selection.h"

namespace lightbox::dicomweb {
namespace {

using Files = std::vector<store::StoredFile>;

// What has been here once has its metadata whole.
Result<Files> missing_of(Api& api, const store::DicomSelection& selection, Needed needed) {
  if (api.archive().fetcher() == nullptr) return Files();
  TRY(auto missing, api.archive().store().dicom().remote(selection));
  if (needed == Needed::metadata) {
    std::erase_if(missing, [](const auto& file) { return !file.transfer_syntax_uid.empty(); });
  }
  return missing;
}

boost::asio::awaitable<Result<void>> fetch(Api& api, Files missing) {
  std::function<Result<void>()> work = [&api, missing = std::move(missing)]() -> Result<void> {
    ingest::Fetcher* fetcher = api.archive().fetcher();
    return fetcher == nullptr ? Result<void>() : fetcher->fetch(missing);
  };
  auto pending = api.fetch_lane().run<void>(std::move(work));
  co_return co_await std::move(pending);
}

// "/studies/1.2/metadata" of "/dicomweb/studies/1.2/metadata". `invalid` when it has more than what
// UIDs, lists of frames and names of bulk data need: it must not lead to anything else there.
Result<std::string> path_to_pass(const http::Request& request) {
  constexpr std::string_view base = "/dicomweb";
  const std::string_view path = std::string_view(request.path).substr(base.size());
  const bool is_plain = std::ranges::all_of(path, [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '/' || c == '.' || c == ',' || c == '-' || c == '_';
  });
  if (is_plain && path.find("/.") == path.npos) return std::string(path);
  return problem(ProblemKind::invalid,
                 "What is in another archive is asked for with letters, digits and / . , - _ only");
}

boost::asio::awaitable<Result<std::optional<http::Response>>> answer(
    Call& call, const store::DicomSelection& selection, Needed needed) {
  auto missing = missing_of(call.api, selection, needed);
  if (!missing) co_return std::move(missing).error();
  if (missing->empty()) co_return std::optional<http::Response>();
  const auto has_own = call.api.archive().store().dicom().has_own(selection);
  if (!has_own) co_return has_own.error();
  // An answer has one origin: where something is only here, the rest is brought.
  const auto& pass_on = call.api.options().pass_on;
  if (pass_on && !*has_own) {
    auto path = path_to_pass(call.request);
    if (!path) co_return std::move(path).error();
    auto passing = pass_on(call.request, selection.study_uid, std::move(*path), call.base);
    if (passing) {
      auto response = co_await std::move(*passing);
      if (!response) co_return std::move(response).error();
      co_return std::optional(std::move(*response));
    }
  }
  auto fetching = fetch(call.api, std::move(*missing));
  auto fetched = co_await std::move(fetching);
  if (!fetched) co_return std::move(fetched).error();
  co_return std::optional<http::Response>();
}

}  // namespace

boost::asio::awaitable<std::optional<http::Response>> answer_from_elsewhere(Call& call,
                                                                            Needed needed) {
  if (call.api.archive().fetcher() == nullptr) co_return std::nullopt;
  const auto selection = selection_of(call);
  if (!selection) co_return std::nullopt;
  auto answering = answer(call, *selection, needed);
  auto answered = co_await std::move(answering);
  if (!answered) co_return call.problem_response(answered.error());
  co_return std::move(*answered);
}

boost::asio::awaitable<Result<void>> bring(Api& api,
                                           std::vector<store::DicomSelection> selections) {
  Files missing;
  for (const store::DicomSelection& selection : selections) {
    auto found = missing_of(api, selection, Needed::bytes);
    if (!found) co_return std::move(found).error();
    std::ranges::move(*found, std::back_inserter(missing));
  }
  if (missing.empty()) co_return Result<void>();
  auto fetching = fetch(api, std::move(missing));
  co_return co_await std::move(fetching);
}

}  // namespace lightbox::dicomweb
