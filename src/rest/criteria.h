#pragma once

// The criteria of conditional interactions (R4, http.html#ccreate, #cond-update, #cdelete; and the
// conditional references of a transaction, #trules), as a query that the store can evaluate.

#include <boost/asio/awaitable.hpp>
#include <memory>
#include <string>
#include <string_view>

#include "fhir/search.h"
#include "http/message.h"
#include "rest/api.h"
#include "store/store.h"

namespace lightbox::rest {

using CriteriaQuery = std::shared_ptr<const fhir::SearchQuery>;

// Every parameter must be one that the server knows: an ignored one would widen the condition.
// Fails with `invalid`, also when there is no criterion at all, which would match everything.
Result<CriteriaQuery> parse_criteria(const Call& call, const fhir::ResourceType& type,
                                     const http::Parameters& parameters);

// The same of text: "identifier=x", "?identifier=x" or "Patient?identifier=x" (of the same type).
Result<CriteriaQuery> parse_criteria(const Call& call, const fhir::ResourceType& type,
                                     std::string_view text);

// The id of the one resource that matches, "" for none. precondition_failed with multiple-matches
// when several do. What is found may change until something is written: a store::Condition that
// expects it lets the writer decide.
Result<std::string> find_match(store::Store& store, const fhir::SearchQuery& query,
                               store::Effort effort);
// The same, in the slow lane when it takes long.
boost::asio::awaitable<Result<std::string>> find_match(Call& call, CriteriaQuery query);

// How many resources a conditional delete may delete.
[[nodiscard]] std::size_t conditional_delete_max(const ApiOptions& options);

}  // namespace lightbox::rest
