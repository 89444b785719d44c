// Search modifiers that ask what codes mean: :in, :not-in, :above and :below of tokens, and :above
// and :below of URIs, which go by the path (R4, search.html#modifiers). Codes become alternatives
// here, so that the store need not know of terminology.

#include "fhir/search_terminology.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>

#include "fhir/search_parser.h"
#include "fhir/terminology.h"

namespace lightbox::fhir {
namespace {

// As the index has it (search_values.cc does the same for what a client writes).
TokenValue token_of(const SystemCode& code, const SearchParameter& parameter) {
  TokenValue token{.system = code.system, .code = std::string(strip_uid(code.code))};
  if (parameter.folds_case) token.code = normalise(*token.code);
  const ValueSet* implicit = parameter.implicit_system;
  if (implicit != nullptr && !implicit->system.empty() && implicit->system == code.system) {
    token.system.reset();
  }
  return token;
}

// http://host/a/b -> http://host/a/b, http://host/a, http://host; each also with a '/' at its end.
std::vector<std::string> path_and_above(std::string_view url) {
  std::vector<std::string> urls;
  while (url.ends_with('/')) url.remove_suffix(1);
  const auto authority = url.find("://") + 3;
  while (url.size() > authority) {
    urls.emplace_back(url);
    urls.emplace_back(std::string(url) + '/');
    const auto slash = url.rfind('/');
    if (slash == std::string_view::npos || slash < authority) break;
    url = url.substr(0, slash);
  }
  return urls;
}

// By its url, or by a literal reference, relative (as the terminology knows it) or absolute (R4,
// search.html#token).
Result<std::vector<SystemCode>> codes_in(std::string_view text, const SearchContext& context,
                                         std::size_t codes_max) {
  auto codes = context.terminology->codes_in(text, codes_max);
  for (const std::string& base : context.index.own_bases) {
    if (codes || !text.starts_with(base)) continue;
    auto here = context.terminology->codes_in(text.substr(base.size()), codes_max);
    if (here) return here;
  }
  return codes;
}

}  // namespace

bool SearchParser::is_about_meaning(const Name& name, const SearchParameter& parameter) {
  const bool is_above_or_below = name.modifier == "above" || name.modifier == "below";
  if (parameter.type == SearchType::uri) return is_above_or_below;
  const bool is_of_token = is_above_or_below || name.modifier == "in" || name.modifier == "not-in";
  return parameter.type == SearchType::token && !parameter.is_uid && is_of_token;
}

void SearchParser::add_meaning(const Name& name, const SearchParameter& parameter,
                               std::string_view value) {
  Criterion criterion;
  criterion.parameter = &parameter;
  for (const std::string_view text : alternatives(value)) {
    if (parameter.type == SearchType::uri) {
      add_uri_path(name, unescape(text), criterion);
    } else {
      add_codes(name, text, criterion);
    }
  }
  if (!errors_.empty()) return;
  if (parameter.type == SearchType::uri) {
    if (name.modifier == "below") criterion.modifier = Modifier::below;
  } else if (name.modifier == "not-in") {
    criterion.modifier = Modifier::not_;
  }
  // An empty value set is no missing criterion: no resource has a code of it.
  if (criterion.any_of.empty()) criterion.any_of.emplace_back(TokenValue{std::string(value), ""});
  use(name.full, value);
  query_.criteria.push_back(std::move(criterion));
}

void SearchParser::add_uri_path(const Name& name, const std::string& url, Criterion& criterion) {
  const auto authority = url.find("://");
  const bool has_authority = authority != std::string::npos && authority > 0 &&
                             url.find_first_not_of('/', authority + 3) != std::string::npos;
  if (!has_authority) {
    return error("value", fmt::format("Search parameter '{}': '{}' is not a URL with a path; there "
                                      "is nothing above or below it",
                                      name.full, url));
  }
  if (name.modifier == "above") {
    for (std::string& each : path_and_above(url)) {
      criterion.any_of.emplace_back(TokenValue{.system = {}, .code = std::move(each)});
    }
    return;
  }
  std::string_view path = url;
  while (path.ends_with('/')) path.remove_suffix(1);
  criterion.any_of.emplace_back(TokenValue{.system = {}, .code = std::string(path)});
}

void SearchParser::add_codes(const Name& name, std::string_view text, Criterion& criterion) {
  const std::size_t codes_max =
      limits_.search_values_max - std::min(values_, limits_.search_values_max);
  const Meaning meaning = name.modifier == "above"   ? Meaning::above
                          : name.modifier == "below" ? Meaning::below
                                                     : Meaning::in;
  const std::string plain = meaning == Meaning::in ? unescape(text) : std::string(text);
  auto tokens = tokens_by_meaning(meaning, plain, *criterion.parameter, context_, codes_max);
  if (!tokens) {
    for (const Issue& issue : tokens.error().issues) {
      error(issue.code, fmt::format("Search parameter '{}': {}", name.full, issue.diagnostics));
    }
    return;
  }
  values_ += tokens->size();
  for (TokenValue& token : *tokens) criterion.any_of.emplace_back(std::move(token));
}

Result<std::vector<TokenValue>> tokens_by_meaning(Meaning meaning, std::string_view text,
                                                  const SearchParameter& parameter,
                                                  const SearchContext& context,
                                                  std::size_t codes_max) {
  if (context.terminology == nullptr) {
    return problem(ProblemKind::invalid, "not-supported",
                   "what asks for terminology is not possible here");
  }
  std::vector<SystemCode> codes;
  if (meaning == Meaning::in) {
    TRY(codes, codes_in(text, context, codes_max));
  } else {
    const auto pieces = split_unescaped(text, '|');
    const ValueSet* implicit = parameter.implicit_system;
    std::string system = pieces.size() == 2 ? unescape(pieces[0]) : std::string();
    if (pieces.size() == 1 && implicit != nullptr) system = implicit->system;
    const std::string code = unescape(pieces.back());
    if (pieces.size() > 2 || system.empty() || code.empty()) {
      return problem(ProblemKind::invalid, "value",
                     fmt::format("'{}' does not say which code of which system: write "
                                 "system|code",
                                 text));
    }
    using Direction = Terminology::Direction;
    TRY(codes, context.terminology->related(
                   system, code, meaning == Meaning::above ? Direction::above : Direction::below,
                   codes_max));
  }
  std::vector<TokenValue> tokens;
  tokens.reserve(codes.size());
  for (const SystemCode& code : codes) tokens.push_back(token_of(code, parameter));
  return tokens;
}

}  // namespace lightbox::fhir
