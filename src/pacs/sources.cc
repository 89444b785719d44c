#include "pacs/sources.h"

#include <algorithm>
#include <tuple>

#include "base/log.h"

namespace lightbox::pacs {
namespace {

// As clients ask for images: at any time, at a rate of its own, and they do not wait for retries.
SourceOptions for_images(SourceOptions source) {
  source.hours.clear();
  source.requests_per_second = source.image_requests_per_second;
  source.connections_max = source.image_connections_max;
  source.retries_max = std::min(source.retries_max, 1U);
  return source;
}

}  // namespace

void sort_by_precedence(std::vector<SourceOptions>& sources) {
  std::ranges::sort(sources, {}, [](const SourceOptions& source) {
    return std::tuple(source.precedence, std::string_view(source.name));
  });
}

Result<std::unique_ptr<Sources>> Sources::start(Options options, ingest::Archive& archive) {
  sort_by_precedence(options.sources);
  std::unique_ptr<Sources> sources(new Sources(std::move(options)));
  const auto& all = sources->options_.sources;
  const auto is_secure = [](const SourceOptions& source) {
    const DimseAccess* dimse = dimse_of(source);
    return dimse != nullptr && dimse->peer.transport == dimse::PeerAddress::Transport::tls;
  };
  const auto is_stopped = [&stopped = sources->is_stopped_] { return stopped.load(); };
  if (std::ranges::any_of(all, [](const auto& source) { return dimse_of(source) != nullptr; })) {
    TRY(sources->watch_,
        AssociationWatch::start(
            std::ranges::any_of(all, is_secure) ? dimse::PeerAddress::Transport::tls
                                                : dimse::PeerAddress::Transport::tcp,
            sources->options_.tls, sources->options_.limits.dimse_associations_max, is_stopped));
  }
  for (const SourceOptions& source : all) {
    const SourceAccess::Environment environment{
        .limits = sources->options_.limits,
        .calling_ae_title = sources->options_.calling_ae_title,
        .outgoing = sources->watch_ ? &sources->watch_->outgoing() : nullptr,
        .is_stopped = is_stopped};
    sources->pulls_.push_back(std::make_unique<SourceAccess>(source, environment));
    sources->images_.push_back(std::make_unique<SourceAccess>(for_images(source), environment));
    if (dimse_of(source) == nullptr) {
      sources->passing_.try_emplace(sources->images_.back().get(), source);
    }
  }
  sources->fetcher_ = std::make_unique<ImageFetcher>(sources->images_, archive);
  for (const auto& access : sources->pulls_) {
    sources->polls_.push_back(
        std::make_unique<Follower>(*access, archive, Follower::Extent::newest_days));
    sources->walks_.push_back(std::make_unique<Follower>(*access, archive, Follower::Extent::all));
  }
  return sources;
}

Sources::~Sources() {
  is_stopped_ = true;
  polls_.clear();
  walks_.clear();
  fetcher_.reset();
}

std::optional<boost::asio::awaitable<Result<http::Response>>> Sources::pass_on(
    const http::Request& request, const std::string& study_uid, std::string path,
    std::string own_base) {
  const auto holders = fetcher_->whole_holders_of(study_uid);
  if (!holders) return std::nullopt;
  Passing passing;
  for (const SourceAccess* holder : *holders) {
    const auto found = passing_.find(holder);
    if (found != passing_.end()) passing.push_back(&found->second);
  }
  if (passing.empty()) return std::nullopt;
  return pass_to(std::move(passing), request, std::move(path), std::move(own_base));
}

boost::asio::awaitable<Result<http::Response>> Sources::pass_to(Passing passing,
                                                                const http::Request& request,
                                                                std::string path,
                                                                std::string own_base) {
  Result<http::Response> response = problem(ProblemKind::not_found, "No archive holds it");
  for (PassThrough* to : passing) {
    auto retrieving = to->retrieve(request, path, own_base);
    response = co_await std::move(retrieving);
    if (response) break;
    const ProblemKind kind = response.error().kind;
    if (kind != ProblemKind::unavailable && kind != ProblemKind::not_found) break;
  }
  co_return response;
}

Result<bool> Sources::look_at(std::string_view source, const StudyName& name) {
  bool is_known = false;
  for (std::size_t i = 0; i < pulls_.size(); ++i) {
    if (!source.empty() && pulls_[i]->source().name != source) continue;
    if (!polls_[i]->look_at(name)) {
      return problem(ProblemKind::throttled, "Too many studies wait to be looked at");
    }
    is_known = true;
  }
  return is_known;
}

void Sources::look_at(const dimse::AvailabilityNotice& notice) {
  const auto is_named = [&](const SourceOptions& source) {
    const DimseAccess* dimse = dimse_of(source);
    if (dimse == nullptr) return false;
    const std::string& title = dimse->peer.ae_title;
    return title == notice.calling_ae_title ||
           std::ranges::find(notice.retrieve_ae_titles, title) != notice.retrieve_ae_titles.end();
  };
  const StudyName name{.study_uid = notice.study_uid};
  const bool is_any_named = std::ranges::any_of(options_.sources, is_named);
  for (const SourceOptions& source : options_.sources) {
    if (is_any_named && !is_named(source)) continue;
    if (!look_at(source.name, name)) {
      log(LogLevel::warning, "source_notice_dropped",
          {{"source", source.name}, {"study", notice.study_uid}});
    }
  }
}

bool Sources::look_now(std::string_view source) {
  bool is_known = false;
  for (std::size_t i = 0; i < pulls_.size(); ++i) {
    if (!source.empty() && pulls_[i]->source().name != source) continue;
    polls_[i]->look_now();
    is_known = true;
  }
  return is_known;
}

}  // namespace lightbox::pacs
