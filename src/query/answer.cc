#include "query/answer.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>

#include "dicom/json.h"
#include "dicom/json_members.h"

namespace lightbox::query {
namespace {

using dicom::JsonMember;
using dicom::JsonMembers;
using dicom::Tag;

constexpr auto always = Presence::always;
constexpr auto if_known = Presence::if_known;
struct Row {
  Tag tag;
  Presence presence;
};
// Each with the unique keys of the levels above.
constexpr std::array of_study = {
    Row{tags::StudyDate, always},
    Row{tags::StudyTime, always},
    Row{tags::AccessionNumber, always},
    Row{tags::InstanceAvailability, if_known},
    Row{tags::ModalitiesInStudy, always},
    Row{tags::ReferringPhysicianName, always},
    Row{tags::TimezoneOffsetFromUTC, if_known},
    Row{tags::RetrieveURL, if_known},
    Row{tags::PatientName, always},
    Row{tags::PatientID, always},
    Row{tags::PatientBirthDate, always},
    Row{tags::PatientSex, always},
    Row{tags::StudyInstanceUID, always},
    Row{tags::StudyID, always},
    Row{tags::NumberOfStudyRelatedSeries, always},
    Row{tags::NumberOfStudyRelatedInstances, always},
};
constexpr std::array of_series = {
    Row{tags::Modality, always},
    Row{tags::TimezoneOffsetFromUTC, if_known},
    Row{tags::SeriesDescription, if_known},
    Row{tags::RetrieveURL, if_known},
    Row{tags::StudyInstanceUID, always},
    Row{tags::SeriesInstanceUID, always},
    Row{tags::SeriesNumber, always},
    Row{tags::NumberOfSeriesRelatedInstances, always},
    Row{tags::PerformedProcedureStepStartDate, if_known},
    Row{tags::PerformedProcedureStepStartTime, if_known},
    Row{tags::RequestAttributesSequence, if_known},
};
constexpr std::array of_instance = {
    Row{tags::SOPClassUID, always},
    Row{tags::SOPInstanceUID, always},
    Row{tags::InstanceAvailability, if_known},
    Row{tags::TimezoneOffsetFromUTC, if_known},
    Row{tags::RetrieveURL, if_known},
    Row{tags::AvailableTransferSyntaxUID, if_known},
    Row{tags::StudyInstanceUID, always},
    Row{tags::SeriesInstanceUID, always},
    Row{tags::InstanceNumber, always},
    Row{tags::NumberOfFrames, if_known},
    Row{tags::Rows, if_known},
    Row{tags::Columns, if_known},
    Row{tags::BitsAllocated, if_known},
};

// Members of one object, asked for in the order of tags.
class Source {
 public:
  explicit Source(std::string_view json) : members_(json), current_(members_.next()) {}

  std::optional<JsonMember> take(Tag tag) {
    while (current_ && current_->tag < tag) current_ = members_.next();
    return current_ && current_->tag == tag ? current_ : std::nullopt;
  }

 private:
  JsonMembers members_;
  std::optional<JsonMember> current_;
};

// Values that are separated by backslashes, as an array of strings.
void append_list(std::string_view values, std::string& out) {
  out += '[';
  while (true) {
    const auto end = std::min(values.find('\\'), values.size());
    dicom::append_json_string(values.substr(0, end), out);
    if (end == values.size()) break;
    out += ',';
    values.remove_prefix(end + 1);
  }
  out += ']';
}

void append_number(std::uint64_t number, std::string& out) {
  out += '[';
  out += fmt::format_int(number).c_str();
  out += ']';
}

// Every object may have a zone.
void classify(Wanted& wanted, Level level) {
  wanted.is_derived = is_derived(wanted.tag);
  wanted.level = wanted.tag == tags::TimezoneOffsetFromUTC ? level : level_of(wanted.tag);
  if (!wanted.is_derived && wanted.presence == Presence::if_known)
    return;  // it is never begun here
  const std::string beginning = fmt::format(R"("{}":{{"vr":"{}")", dicom::text_of(wanted.tag),
                                            dicom::name_of(vr_of(wanted.tag)));
  std::ranges::copy(beginning, wanted.beginning.begin());
}

}  // namespace

std::vector<Wanted> required_attributes(Level level, bool has_study, bool has_series) {
  std::vector<Wanted> wanted;
  const auto add = [&](const auto& rows) {
    for (const Row& row : rows) wanted.push_back({row.tag, row.presence});
  };
  if (level == Level::study || has_study) add(of_study);
  if (level == Level::series || has_series) add(of_series);
  if (level == Level::instance) add(of_instance);
  return wanted;
}

AnswerForm::AnswerForm(std::vector<Wanted> wanted, Options options) : options_(std::move(options)) {
  for (Wanted& one : wanted) {
    (one.creator.empty() ? wanted_ : private_).push_back(std::move(one));
  }
  // Of two that ask for the same, the one that asks for more comes first.
  std::ranges::stable_sort(wanted_, [](const Wanted& left, const Wanted& right) {
    if (left.tag != right.tag) return left.tag < right.tag;
    return left.presence == Presence::always && right.presence == Presence::if_known;
  });
  const auto rest = std::ranges::unique(wanted_, {}, &Wanted::tag);
  wanted_.erase(rest.begin(), rest.end());
  for (Wanted& one : wanted_) classify(one, options_.level);
}

namespace {

// One object on its way out.
class Answer {
 public:
  Answer(const Match& match, const AnswerForm::Options& options, std::string& out)
      : match_(match), options_(options), out_(out) {}

  void begin() {
    start_ = out_.size();
    out_ += '{';
  }
  void end() { out_ += '}'; }

  void add_member(std::string_view text) {
    separate();
    out_ += text;
  }

  // Once, though several of its block are wanted.
  void add_creator(const JsonMember& creator) {
    if (std::ranges::find(creators_, creator.tag) != creators_.end()) return;
    creators_.push_back(creator.tag);
    add_member(creator.text);
  }

  void add_empty(const Wanted& wanted) {
    begin_member(wanted);
    out_ += '}';
  }

  // What no object has; false: it is not known here.
  bool add_derived(const Wanted& wanted) {
    const std::size_t size_before = out_.size();
    begin_member(wanted);
    out_ += R"(,"Value":)";
    if (append_derived(wanted.tag)) {
      out_ += '}';
      return true;
    }
    out_.resize(size_before);
    return false;
  }

 private:
  void separate() {
    if (out_.size() > start_ + 1) out_ += ',';
  }

  void begin_member(const Wanted& wanted) {
    separate();
    out_.append(wanted.beginning.data(), wanted.beginning.size());
  }

  bool append_derived(Tag tag) {
    switch (tag) {
      case tags::InstanceAvailability:
        out_ += R"(["ONLINE"])";
        return true;
      case tags::ModalitiesInStudy:
        if (match_.study->modalities.empty()) return false;
        append_list(match_.study->modalities, out_);
        return true;
      case tags::SOPClassesInStudy:
        append_list(match_.study->sop_classes, out_);
        return true;
      case tags::RetrieveURL:
        return append_retrieve_url();
      case tags::AvailableTransferSyntaxUID:
        if (match_.instance == nullptr) return false;
        append_list(match_.instance->transfer_syntax, out_);
        return true;
      case tags::NumberOfStudyRelatedSeries:
        append_number(match_.study->series, out_);
        return true;
      case tags::NumberOfStudyRelatedInstances:
        append_number(match_.study->instances, out_);
        return true;
      case tags::NumberOfSeriesRelatedInstances:
        if (match_.series == nullptr) return false;
        append_number(match_.series_instances, out_);
        return true;
      default:
        return false;
    }
  }

  bool append_retrieve_url() {
    if (options_.retrieve_base.empty()) return false;
    out_ += "[\"";
    out_ += options_.retrieve_base;
    out_ += "/studies/";
    out_ += match_.study->uid;
    if (match_.series != nullptr) {
      out_ += "/series/";
      out_ += match_.series->uid;
    }
    if (match_.instance != nullptr) {
      out_ += "/instances/";
      out_ += match_.instance->uid;
    }
    out_ += "\"]";
    return true;
  }

  const Match& match_;
  const AnswerForm::Options& options_;
  std::string& out_;
  std::size_t start_ = 0;
  std::vector<Tag> creators_;
};

// Bulk data are not in the index.
bool is_answered(const JsonMember& member) { return !member.is_bulk(); }

// The element of its block's creator, and itself.
void add_private(const Wanted& wanted, std::string_view json, Answer& answer) {
  const Tag group = wanted.tag & 0xFFFF0000U;
  JsonMembers members(json);
  while (const auto creator = members.next()) {
    const Tag block = creator->tag & 0xFFFFU;
    if ((creator->tag & 0xFFFF0000U) != group || block < 0x10 || block > 0xFF) continue;
    if (dicom::values_of(*creator) != wanted.creator) continue;
    const auto member = dicom::find_member(json, group | block << 8U | (wanted.tag & 0xFFU));
    if (!member || !is_answered(*member)) continue;
    answer.add_creator(*creator);
    answer.add_member(member->text);
  }
}

}  // namespace

void AnswerForm::append(const Match& match, std::string& out) const {
  Answer answer(match, options_, out);
  answer.begin();
  const bool is_instance = match.instance != nullptr;
  const std::string_view series_json =
      is_instance ? match.metadata
                  : (match.series != nullptr ? match.series->content : std::string_view("{}"));
  const std::string_view study_json =
      is_instance && options_.all_from == Level::instance ? match.metadata : match.study->content;
  Source study(study_json);
  Source series(series_json);
  Source instance(match.metadata);
  const auto source_of = [&](Level level) -> Source& {
    if (level == Level::instance) return instance;
    return level == Level::series ? series : study;
  };
  std::vector<Wanted> everything;
  if (options_.has_all) {
    everything = wanted_;
    const auto add_all = [&](std::string_view json) {
      JsonMembers members(json);
      while (const auto member = members.next()) {
        everything.push_back({member->tag});
        classify(everything.back(), options_.level);
      }
    };
    if (options_.all_from <= Level::study) add_all(study_json);
    if (options_.level != Level::study) add_all(series_json);
    std::ranges::stable_sort(everything, {}, &Wanted::tag);
    const auto rest = std::ranges::unique(everything, {}, &Wanted::tag);
    everything.erase(rest.begin(), rest.end());
  }
  for (const Wanted& wanted : options_.has_all ? everything : wanted_) {
    if (wanted.is_derived) {
      if (!answer.add_derived(wanted) && wanted.presence == Presence::always) {
        answer.add_empty(wanted);
      }
      continue;
    }
    const auto member = source_of(wanted.level).take(wanted.tag);
    if (member && is_answered(*member)) {
      answer.add_member(member->text);
    } else if (!member && wanted.presence == Presence::always) {
      answer.add_empty(wanted);
    }
  }
  const bool has_private = options_.has_all && is_instance;  // among everything
  for (const Wanted& wanted : private_) {
    if (has_private) break;
    add_private(wanted, is_instance ? match.metadata : series_json, answer);
  }
  answer.end();
}

}  // namespace lightbox::query
