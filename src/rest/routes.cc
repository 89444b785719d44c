#include "rest/routes.h"

#include <array>

namespace lightbox::rest {

std::span<const Route> routes() {
  using enum http::Method;
  static constexpr std::array table = {
      // method  pattern                                   interaction         handler
      Route{get, "/healthz", "", healthz},
      Route{get, "/readyz", "", readyz},
      Route{get, "/metrics", "", metrics},
      Route{get, "/baseR4", "search-system", search_system},
      Route{post, "/baseR4/_search", "search-system", search_system},
      Route{get, "/baseR4/metadata", "", capabilities},
      Route{get, "/baseR4/${operation}", "", operation_on_system},
      Route{post, "/baseR4/${operation}", "", operation_on_system},
      Route{get, "/baseR4/{type}/${operation}", "", operation_on_type},
      Route{post, "/baseR4/{type}/${operation}", "", operation_on_type},
      Route{get, "/baseR4/{type}/{id}/${operation}", "", operation_on_instance},
      Route{post, "/baseR4/{type}/{id}/${operation}", "", operation_on_instance},
      Route{post, "/baseR4", "transaction batch", process_bundle},
      Route{get, "/baseR4/_history", "history-system", history_system},
      Route{post, "/baseR4/{type}", "create", create},
      Route{put, "/baseR4/{type}", "", update_conditional},
      Route{patch, "/baseR4/{type}", "", rest::patch},
      Route{delete_, "/baseR4/{type}", "", remove_conditional},
      Route{get, "/baseR4/{type}", "search-type", search_type},
      Route{post, "/baseR4/{type}/_search", "search-type", search_type},
      Route{get, "/baseR4/{type}/{id}", "read", read},
      Route{put, "/baseR4/{type}/{id}", "update", update},
      Route{patch, "/baseR4/{type}/{id}", "patch", rest::patch},
      Route{delete_, "/baseR4/{type}/{id}", "delete", remove},
      Route{get, "/baseR4/{type}/_history", "history-type", history_type},
      Route{get, "/baseR4/{type}/{id}/_history", "history-instance", history_instance},
      Route{get, "/baseR4/{type}/{id}/_history/{version}", "vread", vread},
      Route{get, "/baseR4/{compartment}/{id}/{type}", "", search_compartment},
      Route{post, "/baseR4/{compartment}/{id}/_search", "", search_compartment},
      Route{post, "/baseR4/{compartment}/{id}/{type}/_search", "", search_compartment},
  };
  return table;
}

}  // namespace lightbox::rest
