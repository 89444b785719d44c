#include "imaging/explain_mapping.h"

#include <fmt/format.h>

#include "fhir/json.h"
#include "fhir/resource.h"
#include "imaging/study_of.h"
#include "ingest/explanation.h"
#include "rest/api.h"
#include "store/dicom_index.h"

namespace lightbox::imaging {
namespace {

// Items of Parameters.parameter.
class ParameterList {
 public:
  void value(std::string_view name, std::string_view type, std::string_view text) {
    begin(name);
    text_ += fmt::format(R"(,"value{}":)", type);
    fhir::write_json_string(text, text_);
    text_ += '}';
  }
  void reference(std::string_view name, std::string_view to) {
    begin(name);
    text_ += R"(,"valueReference":{"reference":)";
    fhir::write_json_string(to, text_);
    text_ += "}}";
  }
  void parts(std::string_view name, const ParameterList& parts) {
    begin(name);
    text_.append(R"(,"part":[)").append(parts.text_).append("]}");
  }
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  void begin(std::string_view name) {
    if (!text_.empty()) text_ += ',';
    text_.append(R"({"name":")").append(name).append("\"");
  }
  std::string text_;
};

void add_text(std::string_view name, std::string_view type, std::string_view text,
              ParameterList& list) {
  if (!text.empty()) list.value(name, type, text);
}
// What is no FHIR id is shown as it is.
void add_instance(std::string_view uid, ParameterList& list) {
  add_text("instance", fhir::is_id(uid) ? "Id" : "String", uid, list);
}

std::string_view name_of(ingest::ClientEdit::Kind kind) {
  switch (kind) {
    case ingest::ClientEdit::Kind::added:
      return "added";
    case ingest::ClientEdit::Kind::changed:
      return "changed";
    case ingest::ClientEdit::Kind::removed:
      return "removed";
  }
  return "changed";
}

std::string parameters_of(const ingest::StudyExplanation& explanation) {
  ParameterList list;
  list.value("study", "Id", explanation.study_uid);
  for (const auto& resource : explanation.resources) {
    list.reference("resource", fmt::format("{}/{}", resource.type->name, resource.id));
  }
  for (const auto& resource : explanation.resources) {
    for (const auto& each : resource.explanations) {
      ParameterList parts;
      parts.value("path", "String", each.element);
      add_text("attribute", "String", each.attribute, parts);
      add_text("value", "String", each.value, parts);
      add_instance(each.sop_instance_uid, parts);
      list.parts("element", parts);
    }
  }
  for (const auto& resource : explanation.resources) {
    for (const auto& each : resource.edits) {
      ParameterList parts;
      parts.value("path", "String", each.element);
      parts.value("kind", "Code", name_of(each.kind));
      list.parts("client-edit", parts);
    }
  }
  for (const auto& each : explanation.problems) {
    ParameterList parts;
    parts.value("code", "Code", each.code);
    parts.value("diagnostics", "String", each.diagnostics);
    add_instance(each.sop_instance_uid, parts);
    list.parts("problem", parts);
  }
  return list.text();
}

}  // namespace

Result<http::Response> explain_mapping(rest::OperationCall& call, ingest::Projector& projector) {
  store::Store& store = call.call.api.store();
  TRY(const auto study_uid, study_uid_of(store, *call.type, call.id));
  const auto explanation = ingest::explain_study(store, projector.options(), study_uid);
  if (!explanation) {
    if (explanation.error().kind == ProblemKind::not_found) return no_instances(call.id);
    return std::unexpected(explanation.error());
  }
  return rest::parameters_response(call.call, parameters_of(*explanation));
}

}  // namespace lightbox::imaging
