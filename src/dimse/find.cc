// C-FIND (PS3.7 9.1.2, PS3.4 C.4.1): queries of patients, studies, series and instances, answered
// from the index. All matches are gathered before the first is sent, so that a slow peer holds up
// nothing; C-CANCEL is looked for between matches.

#include <algorithm>
#include <fmt/format.h>
#include <map>
#include <optional>

#include "dicom/json_members.h"
#include "dimse/find_query.h"
#include "dimse/identifier.h"
#include "dimse/session.h"
#include "store/dicom_snapshot.h"

namespace lightbox::dimse {
namespace {

namespace tags = query::tags;

// What ended a gathering early.
struct Cut {
  std::optional<End> end;  // the association is over
  bool is_cancelled = false;
  bool has_more = false;
};

class Finding {
 public:
  Finding(Session& session, const Message& message)
      : session_(session),
        message_(message),
        context_(*session.association.context(message.context_id)) {}

  Received<void> run() {
    session_.services.archive.await_index();
    const auto identifier = read_identifier(session_, message_,
                                            {.patient_root = uid::patient_root_find,
                                             .study_root = uid::study_root_find,
                                             .operation = "C-FIND"});
    if (!identifier) return std::unexpected(identifier.error());
    if (!*identifier) return finish(identifier->error());
    const auto query = parse_find((*identifier)->data_set(), *model_of(context_.abstract_syntax),
                                  options_of(session_, context_.abstract_syntax));
    if (!query) return finish(query.error());
    return answer(*query);
  }

 private:
  [[nodiscard]] const Limits& limits() const { return session_.services.options.limits; }

  Received<void> answer(const FindQuery& query) {
    Cut cut;
    const auto gathered =
        query.level == query::Level::patient ? gather_patients(query, cut) : gather(query, cut);
    if (cut.end) return std::unexpected(*cut.end);
    if (!gathered) {
      Status status = status_of(gathered.error());
      status.code = gathered.error().kind == ProblemKind::too_costly
                        ? status_code::out_of_resources
                        : status_code::cannot_understand;
      return finish(status);
    }
    if (cut.is_cancelled) return finish({.code = status_code::cancel});
    const AnswerContext context{.transfer_syntax = context_.transfer_syntax,
                                .retrieve_ae_title = session_.association.called_ae_title(),
                                .limits = limits()};
    const CommandSet pending = pending_response(query);
    for (const std::string& json : *gathered) {
      const auto cancelled = session_.association.is_cancelled(message_id());
      if (!cancelled) return std::unexpected(cancelled.error());
      if (*cancelled) return finish({.code = status_code::cancel});
      const auto identifier = encode_answer(query, json, context);
      if (!identifier) return finish(status_of(identifier.error()));
      auto written = session_.association.write(message_.context_id, pending, *identifier);
      if (!written) return written;
    }
    if (cut.has_more) {
      return finish({.code = status_code::out_of_resources,
                     .comment = "There are more matches: ask for less"});
    }
    return finish({});
  }

  [[nodiscard]] std::uint16_t message_id() const {
    return message_.command.number(command::MessageID).value_or(0);
  }

  // The same for each match.
  [[nodiscard]] CommandSet pending_response(const FindQuery& query) const {
    CommandSet response = response_to(message_, Status{});
    response.set_number(command::Status, query.has_unsupported ? status_code::pending_unsupported
                                                               : status_code::pending);
    response.set_number(command::DataSetType, 0);
    return response;
  }

  Received<void> finish(const Status& status) {
    return session_.association.write(message_.context_id, response_to(message_, status));
  }

  // Whether to go on.
  bool look_for_cancel(std::size_t done, Cut& cut) {
    constexpr std::size_t matches_between = 64;
    if (done % matches_between != 0) return true;
    const auto cancelled = session_.association.is_cancelled(message_id());
    if (!cancelled) cut.end = cancelled.error();
    cut.is_cancelled = cancelled && *cancelled;
    return !cut.end && !cut.is_cancelled;
  }

  Result<store::DicomSnapshot> snapshot() {
    return session_.services.archive.store().dicom().snapshot(
        {.time_us = limits().search_timeout_ms * 1000});
  }

  Result<std::vector<std::string>> gather(const FindQuery& find, Cut& cut) {
    TRY(auto snapshot, snapshot());
    std::vector<std::string> answers;
    query::Query query = find.query;
    query.limit = limits().dicom_search_results_max;
    TRY(const auto found, query::search(snapshot, query, [&](const query::Match& match) {
          find.form.append(match, answers.emplace_back());
          return look_for_cancel(answers.size(), cut);
        }));
    cut.has_more = found.rest > 0;
    return answers;
  }

  // Of the patients of the studies that match, each once, as the newest study says it.
  Result<std::vector<std::string>> gather_patients(const FindQuery& find, Cut& cut) {
    struct Patient {
      std::string json;
      std::uint64_t studies = 0;
      std::uint64_t series = 0;
      std::uint64_t instances = 0;
    };
    TRY(auto snapshot, snapshot());
    std::vector<Patient> patients;
    std::map<std::string, std::size_t> places;
    std::size_t seen = 0;
    TRY_DO(query::search(snapshot, find.query, [&](const query::Match& match) {
      const auto value = [&](dicom::Tag tag) {
        const auto member = dicom::find_member(match.study->content, tag);
        return member ? dicom::values_of(*member) : std::string();
      };
      const std::string identity = value(tags::IssuerOfPatientID) + '\n' + value(tags::PatientID);
      const auto [place, is_new] = places.try_emplace(identity, patients.size());
      if (is_new && patients.size() == limits().dicom_search_results_max) {
        cut.has_more = true;
        return false;
      }
      if (is_new) find.form.append(match, patients.emplace_back().json);
      Patient& patient = patients[place->second];
      ++patient.studies;
      patient.series += match.study->series;
      patient.instances += match.study->instances;
      return look_for_cancel(++seen, cut);
    }));
    std::vector<std::string> answers;
    for (Patient& patient : patients) {
      put_count("00201200", patient.studies, patient.json);
      put_count("00201202", patient.series, patient.json);
      put_count("00201204", patient.instances, patient.json);
      answers.push_back(std::move(patient.json));
    }
    return answers;
  }

  // In place of the attribute without a value, where it is asked for.
  static void put_count(std::string_view tag, std::uint64_t count, std::string& json) {
    const std::string empty = fmt::format(R"("{}":{{"vr":"IS"}})", tag);
    const auto at = json.find(empty);
    if (at == std::string::npos) return;
    json.replace(at, empty.size(), fmt::format(R"("{}":{{"vr":"IS","Value":[{}]}})", tag, count));
  }

  Session& session_;
  const Message& message_;
  const Context& context_;
};

}  // namespace

Received<void> find(Session& session, const Message& message) {
  return Finding(session, message).run();
}

}  // namespace lightbox::dimse
