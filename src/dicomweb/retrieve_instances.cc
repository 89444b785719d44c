// Retrieve of studies, series and instances (PS3.18 10.4.1.1.1).

#include "dicomweb/accept.h"
#include "dicomweb/elsewhere.h"
#include "dicomweb/instance_form.h"
#include "dicomweb/instance_segments.h"
#include "dicomweb/instances_body.h"
#include "dicomweb/media_types.h"
#include "dicomweb/multipart.h"
#include "dicomweb/routes.h"
#include "dicomweb/segment_body.h"
#include "dicomweb/selection.h"
#include "dicomweb/zip_body.h"

namespace lightbox::dicomweb {
namespace {

using Container = InstanceForm::Container;

struct Wanted {
  store::DicomSelection selection;
  std::vector<std::int64_t> keys;
  InstanceForm form;
};
Result<Wanted> wanted_of(const Call& call) {
  Wanted wanted;
  store::DicomIndex& index = call.api.archive().store().dicom();
  TRY(wanted.selection, selection_of(call));
  TRY(const auto accept, Accept::of(call.request));
  TRY(wanted.keys, index.instances(wanted.selection));
  TRY(const auto stored, index.transfer_syntaxes(wanted.selection));
  TRY(wanted.form, choose_instance_form(accept, wanted.keys.size(), stored));
  return wanted;
}

// One has a length, and what fails of it fails before the answer has begun.
boost::asio::awaitable<Result<http::Response>> respond_with_one(Call& call, Wanted& wanted) {
  InstanceQueue queue(call.api, wanted.keys, wanted.form);
  auto instance = co_await queue.next();
  if (!instance) co_return std::move(instance).error();
  if (!*instance) {
    co_return problem(ProblemKind::not_found, "The instance has just been deleted");
  }
  const std::string type = content_type_of("application/dicom", (*instance)->transfer_syntax);
  dicom::Segments segments = std::move((*instance)->segments);
  http::Response response;
  if (wanted.form.container == Container::single) {
    response.fields.emplace_back("Content-Type", type);
  } else {
    Multipart multipart("application/dicom");
    response.fields.emplace_back("Content-Type", multipart.content_type());
    const std::string url = url_of(call.base, (*instance)->uids);
    segments.insert(segments.begin(), {.bytes = multipart.begin_part(type, url)});
    segments.push_back({.bytes = multipart.end()});
  }
  auto sent = send_segments(std::move((*instance)->source), std::move(segments), response);
  if (!sent) co_return std::move(sent).error();
  co_return response;
}

http::Response respond_with_many(const Call& call, Wanted& wanted) {
  http::Response response;
  InstanceQueue queue(call.api, std::move(wanted.keys), std::move(wanted.form));
  Multipart multipart("application/dicom");
  response.fields.emplace_back("Content-Type", multipart.content_type());
  response.stream =
      std::make_shared<InstancesBody>(std::move(queue), std::move(multipart), call.base);
  return response;
}

http::Response respond_with_zip(const Call& call, Wanted& wanted) {
  const store::DicomSelection& selection = wanted.selection;
  const std::string& name = !selection.sop_instance_uid.empty() ? selection.sop_instance_uid
                            : !selection.series_uid.empty()     ? selection.series_uid
                                                                : selection.study_uid;
  http::Response response;
  response.fields = {{"Content-Type", "application/zip"},
                     {"Content-Disposition", "attachment; filename=\"" + name + ".zip\""}};
  InstanceQueue queue(call.api, std::move(wanted.keys), std::move(wanted.form));
  response.stream = std::make_shared<ZipBody>(call.api, std::move(queue));
  return response;
}

}  // namespace

boost::asio::awaitable<http::Response> retrieve_instances(Call& call) {
  auto answering = answer_from_elsewhere(call, Needed::bytes);
  if (auto answer = co_await std::move(answering)) co_return std::move(*answer);
  auto wanted = wanted_of(call);
  if (!wanted) co_return call.problem_response(wanted.error());
  http::Response response;
  if (wanted->form.container == Container::zip) {
    response = respond_with_zip(call, *wanted);
  } else if (wanted->keys.size() > 1) {
    response = respond_with_many(call, *wanted);
  } else {
    auto responding = respond_with_one(call, *wanted);
    auto one = co_await std::move(responding);
    if (!one) co_return call.problem_response(one.error());
    response = std::move(*one);
  }
  response.fields.emplace_back("Cache-Control", "no-cache");
  co_return response;
}

}  // namespace lightbox::dicomweb
