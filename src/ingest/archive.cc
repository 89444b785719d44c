#include "ingest/archive.h"

#include <algorithm>
#include <atomic>
#include <fmt/format.h>
#include <unordered_set>

#include "base/log.h"
#include "dicom/json.h"
#include "dicom/part10.h"
#include "ingest/arrival_log.h"
#include "ingest/folder.h"
#include "ingest/hash.h"
#include "ingest/incoming_folder.h"
#include "ingest/mapping.h"
#include "ingest/quarantine.h"
#include "ingest/received.h"
#include "ingest/recovery.h"
#include "ingest/rejection.h"

namespace lightbox::ingest {

namespace {

using store::AddOutcome;

// An object that can be indexed, on its way through add().
struct Item {
  Received* object = nullptr;
  Admitted* admitted = nullptr;
  store::DicomInstance instance;
};

// How the files of the items are kept from a crash: they are synced, or in the log.
struct Kept {
  std::optional<ArrivalLog::Hold> in_log;
};

// So many objects at once go through the log; more are cheaper with a sync of their own.
constexpr std::size_t logged_objects_max = 32;

}  // namespace

struct Archive::Impl {
  Impl(ArchiveOptions its_options, store::Store& its_store)
      : options(std::move(its_options)), store(its_store) {}

  // The steps of add(); each takes from the items what is decided.
  void forget_known(std::vector<Item>& items);
  Kept place(std::vector<Item>& items);
  Result<Kept> keep(const std::vector<Item>& items, const std::vector<NewFile>& files);
  void commit(std::vector<Item>& items, store::Durability durability);
  void list_conflict(const Admitted& admitted, const Origin& origin);

  ArchiveOptions options;
  store::Store& store;
  std::unique_ptr<IncomingFolder> incoming;
  std::unique_ptr<Files> files;
  std::unique_ptr<Quarantine> quarantine;
  std::unique_ptr<ArrivalLog> arrivals;  // nullptr while it is being opened
  std::atomic<Listener*> listener = nullptr;
};

namespace {

// The bytes of an object, wherever they are.
Result<std::unique_ptr<dicom::Source>> open_object(const Received& object) {
  if (!object.in_place.empty()) return dicom::FileSource::open(object.in_place);
  if (!object.descriptor.is_open()) return std::make_unique<dicom::MemorySource>(object.memory);
  TRY(auto source, dicom::FileSource::of(object.descriptor.get()));
  return std::make_unique<dicom::FileSource>(std::move(source));
}

// Written, and not yet synced.
Result<NewFile> make_file(Files& files, const Received& object,
                          const store::DicomInstance& instance) {
  if (!object.in_place.empty()) return NewFile{.name = object.in_place};
  return make_instance_file(
      instance.study_uid, instance.sop_instance_uid, [&](const std::string& name) {
        return object.descriptor.is_open() ? files.adopt(name, object.path, object.descriptor)
                                           : files.create(name, object.memory);
      });
}

void refuse(Admitted& admitted, Admitted::Outcome outcome, Problem problem) {
  admitted.outcome = outcome;
  admitted.problem = std::move(problem);
}

Result<void> check_uid(std::string_view name, std::string_view value) {
  if (dicom::is_uid(value, dicom::UidRule::lenient)) return {};
  if (value.empty()) {
    return problem(ProblemKind::invalid, "required", fmt::format("{} is missing or empty", name));
  }
  return problem(ProblemKind::invalid, "value",
                 fmt::format("{} is '{}'; it must be a UID: digits and dots, 64 characters at most",
                             name, value));
}

// The presentation context and command of an association must say what the data set says.
Result<void> check_bare(const Received& object, const Admitted& admitted) {
  if (!object.bare) return {};
  const auto differs = [](std::string_view name, std::string_view command, std::string_view here) {
    return problem(
        ProblemKind::unprocessable, "invariant",
        fmt::format("{} is {} in the request and {} in the data set", name, command, here));
  };
  if (object.bare->sop_class_uid != admitted.sop_class_uid) {
    return differs("SOP Class UID", object.bare->sop_class_uid, admitted.sop_class_uid);
  }
  if (object.bare->sop_instance_uid != admitted.sop_instance_uid) {
    return differs("SOP Instance UID", object.bare->sop_instance_uid, admitted.sop_instance_uid);
  }
  return {};
}

Result<void> check_study(const Received& object, const Admitted& admitted) {
  const std::string& required = object.required_study_uid;
  if (required.empty() || required == admitted.study_uid) return {};
  return problem(ProblemKind::precondition_failed, "invariant",
                 fmt::format("The instance is of study {}; the request is for study {}",
                             admitted.study_uid, required));
}

// Fills what the file says of itself; the Problem says why it cannot be indexed.
Result<store::DicomInstance> describe(const Received& object, dicom::Source& source,
                                      const Limits& limits, Admitted& admitted) {
  TRY(const auto part10, dicom::Part10::read(source, limits));
  const dicom::DataSet& data_set = part10.data_set();
  const auto uid = [&](dicom::Tag tag, dicom::Tag meta_tag) {
    const std::string_view own = data_set.first(tag);
    return std::string(own.empty() && meta_tag != 0 ? part10.meta().first(meta_tag) : own);
  };
  admitted.study_uid = uid(dicom::tags::StudyInstanceUID, 0);
  admitted.series_uid = uid(dicom::tags::SeriesInstanceUID, 0);
  admitted.sop_class_uid = uid(dicom::tags::SOPClassUID, dicom::tags::MediaStorageSOPClassUID);
  admitted.sop_instance_uid =
      uid(dicom::tags::SOPInstanceUID, dicom::tags::MediaStorageSOPInstanceUID);
  admitted.transfer_syntax_uid = part10.transfer_syntax();
  admitted.remarks = part10.remarks();
  TRY_DO(check_uid("(0020,000D) StudyInstanceUID", admitted.study_uid));
  TRY_DO(check_uid("(0020,000E) SeriesInstanceUID", admitted.series_uid));
  TRY_DO(check_uid("(0008,0016) SOPClassUID", admitted.sop_class_uid));
  TRY_DO(check_uid("(0008,0018) SOPInstanceUID", admitted.sop_instance_uid));
  TRY_DO(check_bare(object, admitted));
  TRY_DO(check_study(object, admitted));

  store::DicomInstance instance{.study_uid = admitted.study_uid,
                                .series_uid = admitted.series_uid,
                                .sop_instance_uid = admitted.sop_instance_uid,
                                .sop_class_uid = admitted.sop_class_uid,
                                .transfer_syntax_uid = admitted.transfer_syntax_uid,
                                .number = number_of(data_set, dicom::tags::InstanceNumber),
                                .title = title_of(data_set),
                                .attributes = {},
                                .metadata = {},
                                .file = {},
                                .file_bytes = source.size(),
                                .data_set_offset = part10.data_set_offset(),
                                .source = object.origin.name,
                                .rejects = rejected_by(data_set)};
  dicom::append_json(data_set, {.includes = is_mapped}, instance.attributes);
  // The path of the element only: where DICOMweb is may change.
  dicom::append_json(data_set,
                     {.bulk_uri = [](std::string_view path) { return std::string(path); }},
                     instance.metadata);
  TRY(instance.hash, hash_from(source, instance.data_set_offset));
  return instance;
}

// Of an object's own fault, as opposed to the archive's.
bool is_its_fault(ProblemKind kind) {
  return kind == ProblemKind::invalid || kind == ProblemKind::too_large ||
         kind == ProblemKind::unprocessable;
}

Problem conflict_of(const Admitted& admitted, const store::AddResult& result) {
  if (result.study_uid != admitted.study_uid) {
    return problem(ProblemKind::conflict, "duplicate",
                   fmt::format("Instance {} of study {} is in the archive already, in study {}",
                               admitted.sop_instance_uid, admitted.study_uid, result.study_uid));
  }
  return problem(
      ProblemKind::conflict, "duplicate",
      fmt::format("Instance {} is in the archive already with other content, which is kept",
                  admitted.sop_instance_uid));
}

}  // namespace

Archive::Archive(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Archive::~Archive() = default;

Result<std::unique_ptr<Archive>> Archive::open(ArchiveOptions options, store::Store& store,
                                               std::unique_ptr<Files> files) {
  auto impl = std::make_unique<Impl>(std::move(options), store);
  TRY(impl->incoming, IncomingFolder::open(impl->options.data_directory));
  impl->files = std::move(files);
  if (!impl->files) {
    TRY(impl->files, Folder::at(impl->options.data_directory + "/dicom"));
  }
  TRY(impl->quarantine, Quarantine::open(*impl->files, store, impl->options.limits));
  Impl& opened = *impl;
  std::unique_ptr<Archive> archive(new Archive(std::move(impl)));
  TRY(opened.arrivals,
      ArrivalLog::open({.path = opened.options.data_directory + "/lightbox.arrivals",
                        .sync = [&kept = *opened.files, &store]() -> Result<void> {
                          TRY_DO(kept.sync_all());
                          return store.dicom().sync();
                        }},
                       [&](const Arrival& arrival) { return recover(*archive, arrival); }));
  return archive;
}

Incoming Archive::receive(Origin origin) {
  return Incoming(
      std::make_unique<Received>(*impl_->incoming, impl_->options.limits, std::move(origin)));
}

std::vector<Admitted> Archive::add(std::vector<Incoming> objects) {
  Impl& impl = *impl_;
  std::vector<Admitted> results(objects.size());
  std::vector<Item> items;
  items.reserve(objects.size());
  for (std::size_t i = 0; i < objects.size(); ++i) {
    Received& object = *objects[i].received_;
    Admitted& admitted = results[i];
    auto opened = open_object(object);
    if (!opened) {
      refuse(admitted, Admitted::Outcome::failed, std::move(opened).error());
      continue;
    }
    auto instance = describe(object, **opened, impl.options.limits, admitted);
    if (instance) {
      items.push_back({&object, &admitted, std::move(*instance)});
      continue;
    }
    if (!is_its_fault(instance.error().kind)) {
      refuse(admitted, Admitted::Outcome::failed, std::move(instance).error());
      continue;
    }
    admitted.problem = std::move(instance).error();
    impl.quarantine->keep(object, **opened, admitted);
  }
  if (items.empty()) return results;
  impl.forget_known(items);
  if (items.empty()) return results;
  const Kept kept = impl.place(items);
  impl.commit(items, kept.in_log ? store::Durability::deferred : store::Durability::synced);
  return results;
}

// What is there already with the same bytes needs no file.
void Archive::Impl::forget_known(std::vector<Item>& items) {
  std::vector<std::string> uids;
  uids.reserve(items.size());
  for (const Item& item : items) uids.push_back(item.instance.sop_instance_uid);
  const auto found = store.dicom().find(uids);
  if (!found) return;  // then commit() meets the same failure
  std::vector<Item> rest;
  for (std::size_t i = 0; i < items.size(); ++i) {
    const auto& there = (*found)[i];
    const store::DicomInstance& instance = items[i].instance;
    if (there && there->hash == instance.hash && there->instance.study_uid == instance.study_uid &&
        there->instance.series_uid == instance.series_uid &&
        there->transfer_syntax_uid == instance.transfer_syntax_uid) {
      items[i].admitted->outcome = Admitted::Outcome::known;
    } else {
      rest.push_back(std::move(items[i]));
    }
  }
  items = std::move(rest);
}

// Writes the files and makes them durable; what fails is taken from the items.
Kept Archive::Impl::place(std::vector<Item>& items) {
  std::vector<Item> placed;
  std::vector<NewFile> written;
  for (Item& item : items) {
    auto file = make_file(*files, *item.object, item.instance);
    if (!file) {
      refuse(*item.admitted, Admitted::Outcome::failed, std::move(file).error());
      continue;
    }
    item.instance.file = file->name;
    if (item.object->in_place.empty()) written.push_back(std::move(*file));
    placed.push_back(std::move(item));
  }
  items = std::move(placed);
  auto kept = keep(items, written);
  if (kept) return std::move(*kept);
  for (const NewFile& file : written) files->remove(file.name);
  for (Item& item : items) refuse(*item.admitted, Admitted::Outcome::failed, kept.error());
  items.clear();
  return {};
}

Result<Kept> Archive::Impl::keep(const std::vector<Item>& items,
                                 const std::vector<NewFile>& written) {
  std::uint64_t bytes = 0;
  bool is_logged = arrivals && items.size() <= logged_objects_max;
  for (const Item& item : items) {
    const Received& object = *item.object;
    is_logged = is_logged && object.in_place.empty() && !object.memory.empty();
    bytes += object.memory.size();
  }
  if (!is_logged || !arrivals->has_room_for(bytes, items.size())) {
    TRY_DO(files->sync(written));
    return Kept{};
  }
  std::vector<Arrival> logged;
  for (const Item& item : items) {
    logged.push_back({.sop_instance_uid = item.instance.sop_instance_uid,
                      .file = item.instance.file,
                      .source = item.instance.source,
                      .content = item.object->memory});
  }
  TRY(auto hold, arrivals->append(logged));
  return Kept{std::move(hold)};
}

void Archive::Impl::commit(std::vector<Item>& items, store::Durability durability) {
  if (items.empty()) return;
  std::vector<store::DicomInstance> instances;
  std::vector<std::string> names;
  for (Item& item : items) {
    names.push_back(item.instance.file);
    instances.push_back(std::move(item.instance));
  }
  const auto added = store.dicom().add(std::move(instances), options.on_conflict, durability);
  std::unordered_set<std::string_view> changed;
  for (std::size_t i = 0; i < items.size(); ++i) {
    Admitted& admitted = *items[i].admitted;
    if (!added) {
      // When writing has stopped it is unknown whether the row is on the disk.
      if (store.writable()) files->remove(names[i]);
      refuse(admitted, Admitted::Outcome::failed, added.error());
      continue;
    }
    const store::AddResult& result = (*added)[i];
    switch (result.outcome) {
      case AddOutcome::stored:
        admitted.outcome = Admitted::Outcome::stored;
        break;
      case AddOutcome::replaced:
        admitted.outcome = Admitted::Outcome::replaced;
        if (result.file != names[i]) files->remove(result.file);
        break;
      case AddOutcome::known:
        admitted.outcome = Admitted::Outcome::known;
        if (result.file != names[i]) files->remove(names[i]);
        continue;
      case AddOutcome::conflict:
        if (result.file != names[i]) files->remove(names[i]);
        refuse(admitted, Admitted::Outcome::conflict, conflict_of(admitted, result));
        list_conflict(admitted, items[i].object->origin);
        continue;
    }
    changed.insert(admitted.study_uid);
  }
  if (Listener* heard = listener) {
    for (const std::string_view study : changed) heard->changed(study);
  }
}

void Archive::Impl::list_conflict(const Admitted& admitted, const Origin& origin) {
  const Issue& issue = admitted.problem.issues[0];
  auto listed = store.dicom().add_problem({.kind = store::DicomProblemKind::conflict,
                                           .study_uid = admitted.study_uid,
                                           .series_uid = admitted.series_uid,
                                           .sop_instance_uid = admitted.sop_instance_uid,
                                           .source = origin.name,
                                           .file = {},
                                           .code = std::string(issue.code),
                                           .diagnostics = issue.diagnostics});
  if (!listed) {
    log(LogLevel::error, "conflict_not_listed", {{"reason", listed.error().issues[0].diagnostics}});
  }
}

void Archive::settle(std::span<const std::string> study_uids) {
  Listener* listener = impl_->listener;
  if (listener == nullptr) return;
  for (const std::string& uid : study_uids) listener->settled(uid);
}

Result<std::uint64_t> Archive::remove(const store::DicomSelection& selection) {
  TRY(const auto removed, impl_->store.dicom().remove(selection));
  // Nor may what is removed come back from the log.
  TRY_DO(impl_->arrivals->flush());
  for (const std::string& file : removed.files) impl_->files->remove(file);
  if (Listener* listener = impl_->listener) {
    for (const std::string& study : removed.study_uids) {
      listener->changed(study);
      listener->settled(study);
    }
  }
  return removed.files.size();
}

Result<void> Archive::dismiss(const store::DicomProblem& problem) {
  TRY_DO(impl_->store.dicom().remove_problem(problem.key));
  if (problem.kind == store::DicomProblemKind::quarantined && !problem.file.empty()) {
    impl_->quarantine->forget(problem.file);
  }
  return {};
}

Result<std::unique_ptr<dicom::Source>> Archive::open_file(const std::string& file) const {
  return is_in_place(file) ? dicom::FileSource::open(file) : impl_->files->open(file);
}

std::string Archive::location_of(std::string_view file) const {
  return is_in_place(file) ? std::string(file) : impl_->files->location_of(file);
}

Files& Archive::files() const { return *impl_->files; }
store::Store& Archive::store() const { return impl_->store; }
const ArchiveOptions& Archive::options() const { return impl_->options; }
void Archive::set_listener(Listener* listener) { impl_->listener = listener; }

}  // namespace lightbox::ingest
