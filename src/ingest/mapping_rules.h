#pragma once

// The rules of the mapping's table: shared by rows of the same kind. What each row needs of a rule
// is in its `attributes`, `read_with` and `kind`.

#include "ingest/mapping_reading.h"

namespace lightbox::ingest::rule {

// --- Of one set of attributes: to be used as first<…> or every<…> --------------------------------
void text(const Row& row, const AttributeSet& set, Reading& reading);
// Annotation with the text.
void note(const Row& row, const AttributeSet& set, Reading& reading);
// Reference with the text as display; of the attributes the first with a value.
void display(const Row& row, const AttributeSet& set, Reading& reading);
// A whole number that is not negative.
void number(const Row& row, const AttributeSet& set, Reading& reading);
// Identifier of type `kind`, its system by the issuer.
void identifier(const Row& row, const AttributeSet& set, Reading& reading);
// Reference to a resource of type `kind` by such an identifier.
void reference(const Row& row, const AttributeSet& set, Reading& reading);
// Reference to a ServiceRequest by an identifier of type `kind`.
void order(const Row& row, const AttributeSet& set, Reading& reading);
// References to the ServiceRequests that (0040,0275)'s items name.
void orders(const Row& row, const AttributeSet& set, Reading& reading);
// Reference to a Practitioner for each person: the attributes are a Person Identification sequence
// and the names; with a `kind` it is the actor of a performer whose function that is.
void person(const Row& row, const AttributeSet& set, Reading& reading);
// The equipment as a performer.
void device(const Row& row, const AttributeSet& set, Reading& reading);
// CodeableConcept for each item.
void concepts(const Row& row, const AttributeSet& set, Reading& reading);
// The same, else the text; both also in (0040,0275)'s items.
void reason(const Row& row, const AttributeSet& set, Reading& reading);
void body_site(const Row& row, const AttributeSet& set, Reading& reading);
void laterality(const Row& row, const AttributeSet& set, Reading& reading);
void specimen(const Row& row, const AttributeSet& set, Reading& reading);

// --- Of all sets
// ---------------------------------------------------------------------------------- dateTime of a
// date and a time.
void date_time(const Row& row, Reading& reading);

// --- Of the study, its series and instances
// -------------------------------------------------------
void study_identifier(const Row& row, Reading& reading);
void status(const Row& row, Reading& reading);
void modalities(const Row& row, Reading& reading);
void subject(const Row& row, Reading& reading);
void endpoints(const Row& row, Reading& reading);
void count_series(const Row& row, Reading& reading);
void count_instances(const Row& row, Reading& reading);
void series_uid(const Row& row, Reading& reading);
void series_modality(const Row& row, Reading& reading);
void count_instances_of_series(const Row& row, Reading& reading);
void instance_uid(const Row& row, Reading& reading);
void sop_class(const Row& row, Reading& reading);
void instance_number(const Row& row, Reading& reading);
void title(const Row& row, Reading& reading);
// Which attribute gives an instance of the class its title, when it has it.
[[nodiscard]] dicom::Tag title_attribute(std::string_view sop_class_uid);

// --- Of the patient
// -------------------------------------------------------------------------------
void patient_id(const Row& row, Reading& reading);
// What marks a Patient that is a study's own, since the study has no PatientID.
void own_identifier(const Row& row, Reading& reading);
void other_patient_ids(const Row& row, const AttributeSet& set, Reading& reading);
void names(const Row& row, const AttributeSet& set, Reading& reading);
void gender(const Row& row, const AttributeSet& set, Reading& reading);
void birth_date(const Row& row, const AttributeSet& set, Reading& reading);

}  // namespace lightbox::ingest::rule
