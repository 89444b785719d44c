#include "dicomweb/routes.h"

#include <array>

namespace lightbox::dicomweb {

std::span<const Route> routes() {
  using http::Method;
  static constexpr std::array table{
      Route{Method::post, "/dicomweb/studies", store_instances, /*is_streamed=*/true},
      Route{Method::post, "/dicomweb/studies/{study}", store_instances, /*is_streamed=*/true},
      Route{Method::get, "/dicomweb/studies", search_studies},
      Route{Method::get, "/dicomweb/studies/{study}/series", search_series},
      Route{Method::get, "/dicomweb/studies/{study}/instances", search_instances},
      Route{Method::get, "/dicomweb/studies/{study}/series/{series}/instances", search_instances},
      Route{Method::get, "/dicomweb/series", search_series},
      Route{Method::get, "/dicomweb/instances", search_instances},
      Route{Method::get, "/dicomweb/studies/{study}", retrieve_instances},
      Route{Method::get, "/dicomweb/studies/{study}/series/{series}", retrieve_instances},
      Route{Method::get, "/dicomweb/studies/{study}/series/{series}/instances/{instance}",
            retrieve_instances},
      Route{Method::get, "/dicomweb/studies/{study}/metadata", retrieve_metadata},
      Route{Method::get, "/dicomweb/studies/{study}/series/{series}/metadata", retrieve_metadata},
      Route{Method::get, "/dicomweb/studies/{study}/series/{series}/instances/{instance}/metadata",
            retrieve_metadata},
      Route{Method::get,
            "/dicomweb/studies/{study}/series/{series}/instances/{instance}/frames/{frames}",
            retrieve_frames},
      Route{Method::get,
            "/dicomweb/studies/{study}/series/{series}/instances/{instance}/bulkdata/{path*}",
            retrieve_bulk_data},
      // As other archives name it, of what is passed on to them.
      Route{Method::get,
            "/dicomweb/studies/{study}/series/{series}/instances/{instance}/bulk/{path*}",
            retrieve_bulk_data},
      Route{Method::get, "/dicomweb/studies/{study}/rendered", retrieve_rendered},
      Route{Method::get, "/dicomweb/studies/{study}/series/{series}/rendered", retrieve_rendered},
      Route{Method::get, "/dicomweb/studies/{study}/series/{series}/instances/{instance}/rendered",
            retrieve_rendered},
      Route{
          Method::get,
          "/dicomweb/studies/{study}/series/{series}/instances/{instance}/frames/{frames}/rendered",
          retrieve_rendered},
      Route{Method::get, "/dicomweb/studies/{study}/thumbnail", retrieve_thumbnail},
      Route{Method::get, "/dicomweb/studies/{study}/series/{series}/thumbnail", retrieve_thumbnail},
      Route{Method::get, "/dicomweb/studies/{study}/series/{series}/instances/{instance}/thumbnail",
            retrieve_thumbnail},
      Route{Method::get,
            "/dicomweb/studies/{study}/series/{series}/instances/{instance}/frames/{frames}/"
            "thumbnail",
            retrieve_thumbnail},
      Route{Method::get, "/wado", retrieve_by_uri},
      Route{Method::delete_, "/dicomweb/studies/{study}", remove},
      Route{Method::delete_, "/dicomweb/studies/{study}/series/{series}", remove},
      Route{Method::delete_, "/dicomweb/studies/{study}/series/{series}/instances/{instance}",
            remove},
      Route{Method::get, "/dicomweb/sources", list_sources},
      Route{Method::get, "/dicomweb/problems", list_problems},
      Route{Method::get, "/dicomweb/problems/{key}", read_problem},
      Route{Method::delete_, "/dicomweb/problems/{key}", remove_problem},
      Route{Method::post, "/dicomweb/problems/{key}/$retry", retry_problem},
      Route{Method::post, "/dicomweb/problems/$retry", retry_problems},
  };
  return table;
}

}  // namespace lightbox::dicomweb
