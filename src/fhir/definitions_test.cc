#include "fhir/definitions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <set>
#include <string>

namespace lightbox::fhir {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsSupersetOf;

const ComplexType& type(std::string_view name) { return *Definitions::r4().complex_type(name); }

TEST(Definitions, HaveEveryResourceType) {
  const auto types = Definitions::r4().resource_types();
  EXPECT_EQ(types.size(), 146U);
  EXPECT_TRUE(std::ranges::is_sorted(types, {}, &ResourceType::name));
  std::set<std::uint16_t> numbers;
  for (const ResourceType& each : types) {
    EXPECT_EQ(Definitions::r4().resource_type(each.name), &each);
    EXPECT_EQ(Definitions::r4().resource_type(each.number), &each);
    EXPECT_GE(each.elements->elements.size(), 4U) << each.name;  // id meta implicitRules language
    numbers.insert(each.number);
  }
  EXPECT_EQ(numbers.size(), 146U);
  EXPECT_EQ(Definitions::r4().resource_type("DomainResource"), nullptr);
  EXPECT_EQ(Definitions::r4().resource_type("HumanName"), nullptr);
  EXPECT_EQ(Definitions::r4().resource_type(std::uint16_t{0}), nullptr);
  EXPECT_EQ(Definitions::r4().resource_type(std::uint16_t{65535}), nullptr);
}

// Numbers are in databases: these must hold for ever.
TEST(Definitions, KeepTheNumbersOfResourceTypes) {
  EXPECT_EQ(Definitions::r4().resource_type("Account")->number, 1);
  EXPECT_EQ(Definitions::r4().resource_type("ImagingStudy")->number, 61);
  EXPECT_EQ(Definitions::r4().resource_type("Patient")->number, 103);
  EXPECT_EQ(Definitions::r4().resource_type("VisionPrescription")->number, 146);
}

TEST(Definitions, TellAnElementsCardinalityTypeAndBinding) {
  const Element& status = *type("ImagingStudy").element("status");
  EXPECT_EQ(status.path, "ImagingStudy.status");
  EXPECT_EQ(status.min, 1);
  EXPECT_EQ(status.max, 1);
  EXPECT_FALSE(status.is_list);
  EXPECT_TRUE(status.is_modifier);
  EXPECT_TRUE(status.is_summary);
  EXPECT_EQ(status.types[0].primitive, Primitive::code);
  EXPECT_EQ(status.binding->system, "http://hl7.org/fhir/imagingstudy-status");
  EXPECT_THAT(status.binding->codes,
              ElementsAre("available", "cancelled", "entered-in-error", "registered", "unknown"));
  const Element& series = *type("ImagingStudy").element("series");
  EXPECT_EQ(series.min, 0);
  EXPECT_EQ(series.max, 0);
  EXPECT_TRUE(series.is_list);
  EXPECT_EQ(series.types[0].complex, &type("ImagingStudy.series"));
  EXPECT_EQ(type("ImagingStudy.series").element("uid")->types[0].primitive, Primitive::id);
}

TEST(Definitions, ExpandChoices) {
  const auto slot = type("Observation").find("valueQuantity");
  ASSERT_NE(slot.element, nullptr);
  EXPECT_EQ(slot.element->name, "value");
  EXPECT_TRUE(slot.element->is_choice);
  EXPECT_EQ(slot.element->types.size(), 11U);
  EXPECT_EQ(slot.type->complex, &type("Quantity"));
  EXPECT_EQ(type("Observation").find("valueDateTime").type->primitive, Primitive::dateTime);
  EXPECT_EQ(type("Observation").find("value").element, nullptr);
  EXPECT_EQ(type("Extension").element("value")->types.size(), 50U);
}

TEST(Definitions, FollowContentReferences) {
  const auto item = type("Questionnaire.item").find("item");
  EXPECT_EQ(item.type->complex, &type("Questionnaire.item"));
  EXPECT_EQ(type("Timing").find("repeat").type->complex, &type("Timing.repeat"));
}

TEST(Definitions, NameTheTargetsOfReferences) {
  std::vector<std::string_view> names;
  for (const auto* target : type("ImagingStudy").find("subject").type->targets) {
    names.push_back(target->name);
  }
  EXPECT_THAT(names, ElementsAre("Device", "Group", "Patient"));
  EXPECT_TRUE(type("Annotation").find("authorReference").type->targets.size() > 1);
  EXPECT_TRUE(type("Task").find("focus").type->targets.empty());
}

TEST(Definitions, EveryElementHasATypeThatIsKnown) {
  std::size_t elements = 0, bindings = 0;
  for (const ResourceType& resource : Definitions::r4().resource_types()) {
    for (const Element& element : resource.elements->elements) {
      ++elements;
      bindings += element.binding != nullptr;
      for (const ElementType& each : element.types) {
        EXPECT_EQ(each.primitive != Primitive::none, !each.complex && !each.is_resource)
            << element.path;
      }
    }
  }
  EXPECT_GT(elements, 3000U);
  EXPECT_GT(bindings, 150U);
}

TEST(Definitions, SearchParametersOfImagingStudy) {
  const ResourceType& study = *Definitions::r4().resource_type("ImagingStudy");
  std::vector<std::string_view> codes;
  for (const SearchParameter& parameter : study.search_parameters) {
    EXPECT_EQ(parameter.resource, &study);
    EXPECT_EQ(study.search_parameter(parameter.code), &parameter);
    codes.push_back(parameter.code);
  }
  EXPECT_THAT(codes, IsSupersetOf({"_id", "_lastUpdated", "identifier", "patient", "subject",
                                   "status", "modality", "started", "encounter", "referrer",
                                   "basedon", "bodysite", "dicom-class", "endpoint", "instance",
                                   "interpreter", "performer", "reason", "series"}));
  EXPECT_EQ(study.order, study.search_parameter("started"));
  EXPECT_EQ(study.search_parameter("_id")->slot, SearchParameter::no_slot);
  EXPECT_TRUE(study.search_parameter("series")->is_uid);
  EXPECT_EQ(study.search_parameter("status")->implicit_system->system,
            "http://hl7.org/fhir/imagingstudy-status");
  EXPECT_EQ(study.search_parameter("modality")->implicit_system, nullptr);
  const ResourceType& patient = *Definitions::r4().resource_type("Patient");
  ASSERT_NE(study.compartment(patient), nullptr);
  EXPECT_THAT(study.compartment(patient)->parameters,
              ElementsAre(study.search_parameter("patient")));
  EXPECT_EQ(study.compartment(*Definitions::r4().resource_type("Encounter")), nullptr);
  EXPECT_EQ(study.search_parameter("nonsense"), nullptr);
}

TEST(Definitions, CompositeParametersPointToTheirComponents) {
  const auto* composite =
      Definitions::r4().resource_type("Observation")->search_parameter("code-value-quantity");
  ASSERT_NE(composite, nullptr);
  ASSERT_EQ(composite->components.size(), 2U);
  EXPECT_EQ(composite->components[0].parameter->type, SearchType::token);
  EXPECT_EQ(composite->components[1].parameter->type, SearchType::quantity);
}

TEST(Definitions, EverySlotIsUsedOnce) {
  std::size_t parameters = 0;
  for (const ResourceType& resource : Definitions::r4().resource_types()) {
    std::set<unsigned> slots;
    for (const SearchParameter& parameter : resource.search_parameters) {
      ++parameters;
      if (parameter.slot == SearchParameter::no_slot) continue;
      EXPECT_TRUE(slots.insert(parameter.slot).second) << parameter.url;
    }
  }
  EXPECT_GT(parameters, 1500U);
}

TEST(Definitions, LoadWithoutSearchParameters) {
  const Definitions small("resource\tThing\t7\nThing.id\t0..1\ts\tid\t-\n", "");
  EXPECT_EQ(small.resource_types().size(), 1U);
  EXPECT_EQ(small.resource_type(std::uint16_t{7})->name, "Thing");
  EXPECT_TRUE(small.resource_type("Thing")->search_parameters.empty());
}

TEST(DefinitionsDeathTest, NameTheLineThatIsMalformed) {
  EXPECT_DEATH(Definitions("resource\tThing\tseven\n", ""), "resource.Thing.seven");
  EXPECT_DEATH(Definitions("datatype\tA\nA.b\t0..1\t-\tNothing\t-\n", ""), "unknown type: A.b");
}

}  // namespace
}  // namespace lightbox::fhir
