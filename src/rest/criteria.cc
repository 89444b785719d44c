#include "rest/criteria.h"

#include <chrono>
#include <fmt/format.h>
#include <vector>

#include "rest/list.h"
#include "rest/terminology.h"

namespace lightbox::rest {

Result<CriteriaQuery> parse_criteria(const Call& call, const fhir::ResourceType& type,
                                     const http::Parameters& parameters) {
  const auto terminology = terminology_of(call.api);
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const fhir::SearchContext context{
      .handling = fhir::Handling::strict,
      .compartment = std::nullopt,
      .types = {},
      .index = call.search_options(),
      .now_ms = std::chrono::duration_cast<std::chrono::milliseconds>(now).count(),
      .terminology = &terminology};
  std::vector<fhir::SearchQuery> queries;
  TRY(queries.emplace_back(),
      fhir::parse_search(type, parameters, context, call.api.options().limits));
  TRY_DO(add_list_criteria(call, queries));
  fhir::SearchQuery& query = queries.front();
  if (query.criteria.empty()) {
    return problem(ProblemKind::invalid, "required",
                   fmt::format("A condition on {0} needs a search parameter with a value, such as "
                               "{0}?identifier=…; without one it would match every {0}",
                               type.name));
  }
  return std::make_shared<const fhir::SearchQuery>(std::move(query));
}

Result<CriteriaQuery> parse_criteria(const Call& call, const fhir::ResourceType& type,
                                     std::string_view text) {
  const auto question = text.find('?');
  const auto before = question == std::string_view::npos ? "" : text.substr(0, question);
  if (!before.empty() && before != type.name) {
    return problem(
        ProblemKind::invalid, "value",
        fmt::format("The condition '{}' is on {}, but it must be on {}", text, before, type.name));
  }
  if (question != std::string_view::npos) text.remove_prefix(question + 1);
  TRY(const auto parameters, http::decode_form(text));
  return parse_criteria(call, type, parameters);
}

}  // namespace lightbox::rest
