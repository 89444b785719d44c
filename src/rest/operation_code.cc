// Questions about codes: ValueSet/$validate-code, CodeSystem/$validate-code, $lookup and $subsumes
// (R4, valueset-operation-validate-code.html, codesystem-operations.html).

#include <algorithm>
#include <fmt/format.h>

#include "fhir/index.h"
#include "rest/outcome.h"
#include "rest/terminology.h"

namespace lightbox::rest {
namespace {

using fhir::CodeSystem;
using fhir::Concept;
using fhir::Json;

// --- validate-code ------------------------------------------------------------------------------

struct Verdict {
  bool is_valid = false;
  std::string message;
  std::string display;
};

http::Response verdict_response(const OperationCall& call, const Verdict& verdict) {
  ParametersWriter out;
  out.add("result", verdict.is_valid);
  if (!verdict.message.empty()) out.add("message", "valueString", verdict.message);
  if (!verdict.display.empty()) out.add("display", "valueString", verdict.display);
  return parameters_response(call.call, out.text());
}

bool is_display_of(const fhir::ExpandedCode& code, std::string_view display) {
  const std::string wanted = fhir::normalise(display);
  if (fhir::normalise(code.display) == wanted) return true;
  return std::ranges::any_of(code.designations, [&](const std::string& designation) {
    const auto document = fhir::parse_json(designation);
    return document && fhir::normalise(document->root()->string("value")) == wanted;
  });
}

// What is found must fit the rest of what was asked.
Verdict judge(const CodeAsked& asked, const fhir::ExpandedCode& found, bool abstract_allowed) {
  Verdict verdict{.is_valid = true, .message = {}, .display = found.display};
  if (found.is_abstract && !abstract_allowed) {
    verdict.is_valid = false;
    verdict.message = fmt::format("The code '{}' is abstract: not for use itself", asked.code);
  } else if (!asked.display.empty() && !found.display.empty() &&
             !is_display_of(found, asked.display)) {
    verdict.is_valid = false;
    verdict.message = fmt::format("'{}' is not a display of the code '{}'; '{}' is", asked.display,
                                  asked.code, found.display);
  } else if (found.is_inactive) {
    verdict.message = fmt::format("The code '{}' is no longer in use", asked.code);
  }
  return verdict;
}

std::string name_of(const CodeAsked& asked) {
  return asked.system.empty() ? asked.code : asked.system + "|" + asked.code;
}

Result<http::Response> in_value_set(const OperationCall& call) {
  TRY(const auto codes, codes_asked(call.input));
  TRY(const auto abstract, call.input.boolean("abstract"));
  const auto terminology = terminology_of(call.call.api);
  TRY(const auto content, value_set_asked(call, terminology));
  Verdict verdict;
  for (const CodeAsked& asked : codes) {
    TRY(const auto found, terminology.find_in(*content, asked.system, asked.code));
    if (found) {
      verdict = judge(asked, *found, abstract.value_or(false));
      if (verdict.is_valid) break;
    } else if (verdict.message.empty()) {
      verdict.message = fmt::format("The code '{}' is not in the value set {}", name_of(asked),
                                    content->url.empty() ? "that was given" : content->url);
    }
  }
  return verdict_response(call, verdict);
}

fhir::ExpandedCode as_expanded(const CodeSystem& system, const Concept& from) {
  fhir::ExpandedCode code{.system = std::string(system.url),
                          .version = std::string(system.version),
                          .code = std::string(from.code),
                          .display = std::string(from.display),
                          .is_abstract = from.is_abstract,
                          .is_inactive = from.is_inactive,
                          .designations = {}};
  const Json* list = from.json == nullptr ? nullptr : from.json->find("designation");
  for (const Json* item = list == nullptr ? nullptr : list->first; item != nullptr;
       item = item->next) {
    fhir::write_json(*item, code.designations.emplace_back());
  }
  return code;
}

Verdict judge_in(const CodeSystem& system, const CodeAsked& asked, bool abstract_allowed) {
  if (!asked.system.empty() && asked.system != system.url) {
    return {.is_valid = false,
            .message =
                fmt::format("The coding is of the system {}, not of {}", asked.system, system.url),
            .display = {}};
  }
  if (const Concept* known = system.find(asked.code)) {
    return judge(asked, as_expanded(system, *known), abstract_allowed);
  }
  return {.is_valid = false,
          .message = fmt::format("The code '{}' is not {} the CodeSystem {}", asked.code,
                                 system.is_complete() ? "in" : "in the part that is known here of",
                                 system.url),
          .display = {}};
}

Result<http::Response> in_code_system(const OperationCall& call) {
  TRY(const auto codes, codes_asked(call.input));
  TRY(const auto abstract, call.input.boolean("abstract"));
  TRY(const auto system, code_system_asked(call, terminology_of(call.call.api), "url"));
  Verdict verdict;
  for (const CodeAsked& asked : codes) {
    verdict = judge_in(*system, asked, abstract.value_or(false));
    if (verdict.is_valid) break;
  }
  return verdict_response(call, verdict);
}

// --- lookup -------------------------------------------------------------------------------------

// A part of a parameter.
std::string part(std::string_view name, std::string_view value_name, std::string_view text) {
  ParametersWriter out;
  out.add(name, value_name, text);
  return out.text();
}

class Lookup {
 public:
  Lookup(const CodeSystem& system, const Concept& found, std::vector<std::string> properties)
      : system_(system), concept_(found), properties_(std::move(properties)) {}

  std::string text() && {
    const std::string_view name = system_.title.empty() ? system_.name : system_.title;
    out_.add("name", "valueString", name.empty() ? system_.url : name);
    if (!system_.version.empty()) out_.add("version", "valueString", system_.version);
    out_.add("display", "valueString", concept_.display.empty() ? concept_.code : concept_.display);
    add_designations();
    if (!concept_.definition.empty()) add("definition", "valueString", concept_.definition);
    add_flag("inactive", concept_.is_inactive);
    add_flag("notSelectable", concept_.is_abstract);
    for (const auto parent : concept_.parents) {
      add("parent", "valueCode", system_.concepts[parent].code);
    }
    add_children();
    add_own_properties();
    return out_.text();
  }

 private:
  [[nodiscard]] bool wants(std::string_view property) const {
    return properties_.empty() || std::ranges::find(properties_, property) != properties_.end();
  }

  void add(std::string_view property, std::string_view value_name, std::string_view text) {
    if (!wants(property)) return;
    out_.add_raw("property", fmt::format(R"("part":[{},{}])", part("code", "valueCode", property),
                                         part("value", value_name, text)));
  }

  void add_flag(std::string_view property, bool value) {
    if (!wants(property)) return;
    out_.add_raw("property", fmt::format(R"("part":[{},{{"name":"value","valueBoolean":{}}}])",
                                         part("code", "valueCode", property), value));
  }

  void add_children() {
    if (!wants("child")) return;
    const auto place = static_cast<std::uint32_t>(&concept_ - system_.concepts.data());
    for (const Concept& other : system_.concepts) {
      const bool is_child = std::ranges::find(other.parents, place) != other.parents.end();
      if (is_child) add("child", "valueCode", other.code);
    }
  }

  void add_designations() {
    const Json* list = concept_.json == nullptr ? nullptr : concept_.json->find("designation");
    if (list == nullptr || !wants("designation")) return;
    for (const Json* item = list->first; item != nullptr; item = item->next) {
      std::string parts;
      if (const auto language = item->string("language"); !language.empty()) {
        parts += part("language", "valueCode", language) + ",";
      }
      if (const Json* use = item->find("use")) {
        parts += R"({"name":"use","valueCoding":)";
        fhir::write_json(*use, parts);
        parts += "},";
      }
      parts += part("value", "valueString", item->string("value"));
      out_.add_raw("designation", fmt::format(R"("part":[{}])", parts));
    }
  }

  void add_own_properties() {
    const Json* list = concept_.json == nullptr ? nullptr : concept_.json->find("property");
    if (list == nullptr) return;
    for (const Json* item = list->first; item != nullptr; item = item->next) {
      const std::string_view code = item->string("code");
      // Those were given above.
      if (code == "parent" || code == "child" || code == "inactive" || code == "notSelectable") {
        continue;
      }
      if (!wants(code)) continue;
      for (const Json* member = item->first; member != nullptr; member = member->next) {
        if (!member->key.starts_with("value")) continue;
        std::string value = fmt::format(R"({{"name":"value","{}":)", member->key);
        fhir::write_json(*member, value);
        out_.add_raw("property",
                     fmt::format(R"("part":[{},{}}}])", part("code", "valueCode", code), value));
      }
    }
  }

  const CodeSystem& system_;
  const Concept& concept_;
  std::vector<std::string> properties_;
  ParametersWriter out_;
};

Problem no_such_code(const CodeSystem& system, std::string_view code) {
  return problem(
      ProblemKind::not_found,
      fmt::format("The code '{}' is not {} the CodeSystem {}", code,
                  system.is_complete() ? "in" : "in the part that is known here of", system.url));
}

Result<http::Response> lookup(const OperationCall& call) {
  TRY(const auto codes, codes_asked(call.input));
  const CodeAsked& asked = codes.front();
  if (asked.system.empty()) {
    return problem(ProblemKind::invalid, "required", "$lookup needs the system of the code");
  }
  std::string canonical = asked.system;
  const std::string version =
      asked.version.empty() ? call.input.text("version").value_or("") : asked.version;
  if (!version.empty()) canonical += "|" + version;
  TRY(const auto system, terminology_of(call.call.api).code_system(canonical));
  const Concept* found = system->find(asked.code);
  if (found == nullptr) return no_such_code(*system, asked.code);
  return parameters_response(call.call,
                             Lookup(*system, *found, call.input.texts("property")).text());
}

// --- subsumes -----------------------------------------------------------------------------------

struct Sides {
  std::string system;
  std::string a;
  std::string b;
};

Result<Sides> sides_of(const OperationInput& input) {
  Sides sides{.system = input.text("system").value_or(""),
              .a = input.text("codeA").value_or(""),
              .b = input.text("codeB").value_or("")};
  for (auto [name, code] : {std::pair("codingA", &sides.a), std::pair("codingB", &sides.b)}) {
    const Json* coding = input.value(name);
    if (coding == nullptr) continue;
    *code = coding->string("code");
    const std::string_view system = coding->string("system");
    if (sides.system.empty()) sides.system = system;
    if (!system.empty() && system != sides.system) {
      return problem(ProblemKind::invalid, "not-supported",
                     fmt::format("{} is of the system {}, not of {}; codes of different systems "
                                 "are not compared",
                                 name, system, sides.system));
    }
  }
  if (sides.a.empty() || sides.b.empty()) {
    return problem(ProblemKind::invalid, "required",
                   "$subsumes needs two codes: codeA and codeB, or codingA and codingB");
  }
  return sides;
}

Result<fhir::Terminology::CodeSystemPointer> system_of(const OperationCall& call,
                                                       const Sides& sides) {
  const auto terminology = terminology_of(call.call.api);
  if (call.level == OperationLevel::instance) return code_system_asked(call, terminology, "system");
  if (sides.system.empty()) {
    return problem(ProblemKind::invalid, "required", "$subsumes needs the system of the codes");
  }
  const auto version = call.input.text("version");
  return terminology.code_system(version ? sides.system + "|" + *version : sides.system);
}

Result<http::Response> subsumes(const OperationCall& call) {
  TRY(const auto sides, sides_of(call.input));
  TRY(const auto system, system_of(call, sides));
  const Concept* a = system->find(sides.a);
  if (a == nullptr) return no_such_code(*system, sides.a);
  const Concept* b = system->find(sides.b);
  if (b == nullptr) return no_such_code(*system, sides.b);
  if (!system->is_complete() && a != b) {
    return problem(ProblemKind::unprocessable, "not-supported",
                   fmt::format("Of the CodeSystem {} only a part is known here, and not what is "
                               "above and below its codes",
                               system->url));
  }
  std::string_view outcome = "not-subsumed";
  if (a == b) {
    outcome = "equivalent";
  } else if (system->subsumes(*a, *b)) {
    outcome = "subsumes";
  } else if (system->subsumes(*b, *a)) {
    outcome = "subsumed-by";
  }
  ParametersWriter out;
  out.add("outcome", "valueCode", outcome);
  return parameters_response(call.call, out.text());
}

boost::asio::awaitable<Result<http::Response>> run(
    OperationCall& call, Result<http::Response> (*answer)(const OperationCall&)) {
  std::function<Result<http::Response>()> work = [&call, answer] { return answer(call); };
  auto pending = in_slow_lane(call, std::move(work));
  co_return co_await std::move(pending);
}

}  // namespace

boost::asio::awaitable<Result<http::Response>> value_set_validate_code(OperationCall& call) {
  return run(call, in_value_set);
}
boost::asio::awaitable<Result<http::Response>> code_system_validate_code(OperationCall& call) {
  return run(call, in_code_system);
}
boost::asio::awaitable<Result<http::Response>> code_system_lookup(OperationCall& call) {
  return run(call, lookup);
}
boost::asio::awaitable<Result<http::Response>> code_system_subsumes(OperationCall& call) {
  return run(call, subsumes);
}

}  // namespace lightbox::rest
