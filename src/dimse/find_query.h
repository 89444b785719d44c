#pragma once

// The Identifier of C-FIND (PS3.4 C.4.1.1.3) as a query of the index, and its answers as
// Identifiers. Pure.

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "base/limits.h"
#include "base/result.h"
#include "dicom/data_set.h"
#include "dimse/extended_negotiation.h"
#include "dimse/status.h"
#include "query/answer.h"
#include "query/search.h"

namespace lightbox::dimse {

struct FindQuery {
  query::Level level = query::Level::study;
  // At the level of studies for a query of patients: they are gathered from studies.
  query::Query query;
  query::AnswerForm form;
  // The keys of the Identifier, for the form of the answers.
  struct Key {
    dicom::Tag tag = 0;
    std::vector<dicom::Tag> items;  // of a sequence; none: all of it
  };
  std::vector<Key> keys;
  // Whether one of the keys is not supported (status FF01).
  bool has_unsupported = false;
};

// Why a query is refused: data_set_does_not_match with the element.
using FindRefusal = Status;
std::expected<FindQuery, FindRefusal> parse_find(const dicom::DataSet& identifier, QueryModel model,
                                                 const FindOptions& options);

// Its Query/Retrieve Level, of C-MOVE and C-GET as well. data_set_does_not_match when the model has
// no such level.
std::expected<query::Level, Status> level_of(const dicom::DataSet& identifier, QueryModel model);

struct AnswerContext {
  std::string_view transfer_syntax;
  std::string_view retrieve_ae_title;
  const Limits& limits;
};
// The Identifier of one match: `json` is what the form wrote. Text is UTF-8, which (0008,0005) says
// where it is needed.
Result<std::string> encode_answer(const FindQuery& query, std::string_view json,
                                  const AnswerContext& context);

}  // namespace lightbox::dimse
