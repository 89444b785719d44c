// The mapping's table, row by row: attributes in, JSON of the element out. docs/mapping.md and the
// table are held together here.

#include "ingest/mapping_table.h"

#include <algorithm>
#include <fstream>
#include <gtest/gtest.h>
#include <iterator>
#include <set>

#include "ingest/mapping_attribute.h"
#include "ingest/mapping_tags.h"
#include "ingest/mapping_test_support.h"

namespace lightbox::ingest {
namespace {

struct Case {
  std::string_view name;
  std::string_view element;  // and the first attribute of the row that the case is for
  dicom::Tag row;
  std::string_view attributes;
  std::string_view json;  // ' for "; "" when the element is not there
  std::string_view source = "SCANNER";
};

// clang-format off
const Case cases[] = {
    // --- Patient ---
    {"PatientID without issuer", "Patient.identifier", tags::PatientID, "PatientID=12",
     "[{'system':'http://default.example','value':'12'}]"},
    {"PatientID without issuer, of an origin", "Patient.identifier", tags::PatientID, "PatientID= 12",
     "[{'system':'http://clinic.example','value':'12'}]", "CLINIC"},
    {"PatientID of an issuer of the table", "Patient.identifier", tags::PatientID,
     "PatientID=12; IssuerOfPatientID=HOSPITAL", "[{'system':'http://hospital.example/ids','value':'12'}]"},
    {"PatientID of an issuer that is not in the table", "Patient.identifier", tags::PatientID,
     "PatientID=12; IssuerOfPatientID=Old & Co", "[{'system':'urn:lightbox:issuer:Old%20%26%20Co','value':'12'}]"},
    {"PatientID of an entity of the table", "Patient.identifier", tags::PatientID,
     "PatientID=12; IssuerOfPatientID=HOSPITAL; IssuerOfPatientIDQualifiersSequence="
     "(UniversalEntityID=1.2.40; UniversalEntityIDType=ISO)", "[{'system':'http://forty.example','value':'12'}]"},
    {"PatientID of an OID", "Patient.identifier", tags::PatientID,
     "PatientID=12; IssuerOfPatientIDQualifiersSequence=(UniversalEntityID=1.2.41; UniversalEntityIDType=ISO)",
     "[{'system':'urn:oid:1.2.41','value':'12'}]"},
    {"PatientID of a UUID", "Patient.identifier", tags::PatientID,
     "PatientID=12; IssuerOfPatientIDQualifiersSequence=(UniversalEntityIDType=UUID; "
     "UniversalEntityID=F81D4FAE-7DEC-11D0-A765-00A0C91E6BF6)",
     "[{'system':'urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6','value':'12'}]"},
    {"no PatientID: a Patient of the study's own", "Patient.identifier", tags::StudyInstanceUID,
     "PatientName=A^B; PatientID=  ",
     "[{'type':{'text':'Study without a Patient ID'},'use':'temp','system':'urn:dicom:uid','value':'urn:oid:1.2.3'}]"},
    {"Other Patient IDs", "Patient.identifier", tags::OtherPatientIDsSequence,
     "PatientID=12; OtherPatientIDsSequence=(PatientID=13; IssuerOfPatientID=HOSPITAL)(PatientID=14)(PatientID=)",
     "[{'system':'http://default.example','value':'12'},{'system':'http://hospital.example/ids','value':'13'},"
     "{'value':'14'}]"},
    {"name of all components", "Patient.name", tags::PatientName,
     "PatientName=Adams^John Robert Quincy^Q^Rev.^B.A. M.Div.",
     "[{'family':'Adams','given':['John Robert Quincy','Q'],'prefix':['Rev.'],'suffix':['B.A. M.Div.']}]"},
    {"name of three groups", "Patient.name", tags::PatientName, "PatientName=Yamada^Tarou=山田^太郎=やまだ^たろう",
     "[{'family':'Yamada','given':['Tarou']},"
     "{'extension':[{'url':'http://hl7.org/fhir/StructureDefinition/iso21090-EN-representation','valueCode':'IDE'}],"
     "'family':'山田','given':['太郎']},"
     "{'extension':[{'url':'http://hl7.org/fhir/StructureDefinition/iso21090-EN-representation','valueCode':'SYL'}],"
     "'family':'やまだ','given':['たろう']}]"},
    {"name of the phonetic group only", "Patient.name", tags::PatientName, "PatientName===A^B",
     "[{'extension':[{'url':'http://hl7.org/fhir/StructureDefinition/iso21090-EN-representation','valueCode':'SYL'}],"
     "'family':'A','given':['B']}]"},
    {"name without family", "Patient.name", tags::PatientName, "PatientName=^Prince", "[{'given':['Prince']}]"},
    {"empty name", "Patient.name", tags::PatientName, "PatientName=^^^^", ""},
    {"male", "Patient.gender", tags::PatientSex, "PatientSex=M", "'male'"},
    {"female", "Patient.gender", tags::PatientSex, "PatientSex=F", "'female'"},
    {"other", "Patient.gender", tags::PatientSex, "PatientSex=O", "'other'"},
    {"anything else", "Patient.gender", tags::PatientSex, "PatientSex=N", "'unknown'"},
    {"no sex", "Patient.gender", tags::PatientSex, "PatientID=1", ""},
    {"birth date", "Patient.birthDate", tags::PatientBirthDate, "PatientBirthDate=19601224", "'1960-12-24'"},
    {"birth date of ACR-NEMA", "Patient.birthDate", tags::PatientBirthDate, "PatientBirthDate=1960.12.24",
     "'1960-12-24'"},
    {"birth date that is none", "Patient.birthDate", tags::PatientBirthDate, "PatientBirthDate=19600000", ""},

    // --- ImagingStudy ---
    {"StudyInstanceUID", "ImagingStudy.identifier", tags::StudyInstanceUID, "Modality=CT",
     "[{'system':'urn:dicom:uid','value':'urn:oid:1.2.3'}]"},
    {"accession number with issuer", "ImagingStudy.identifier", tags::AccessionNumber,
     "AccessionNumber=A1; IssuerOfAccessionNumberSequence=(LocalNamespaceEntityID=HOSPITAL)",
     "[{'system':'urn:dicom:uid','value':'urn:oid:1.2.3'},"
     "{'type':{'coding':[{'system':'http://terminology.hl7.org/CodeSystem/v2-0203','code':'ACSN'}]},"
     "'system':'http://hospital.example/ids','value':'A1'}]"},
    {"accession number without issuer", "ImagingStudy.identifier", tags::AccessionNumber, "AccessionNumber=A1",
     "[{'system':'urn:dicom:uid','value':'urn:oid:1.2.3'},"
     "{'type':{'coding':[{'system':'http://terminology.hl7.org/CodeSystem/v2-0203','code':'ACSN'}]},'value':'A1'}]"},
    {"study ID", "ImagingStudy.identifier", tags::StudyID, "StudyID=77",
     "[{'system':'urn:dicom:uid','value':'urn:oid:1.2.3'},{'value':'77'}]"},
    {"status", "ImagingStudy.status", 0, "Modality=CT", "'available'"},
    {"modality", "ImagingStudy.modality", tags::Modality, "Modality=CT",
     "[{'system':'http://dicom.nema.org/resources/ontology/DCM','code':'CT','display':'Computed Tomography'}]"},
    {"modality that is not of the standard", "ImagingStudy.modality", tags::Modality, "Modality=XYZ",
     "[{'system':'http://dicom.nema.org/resources/ontology/DCM','code':'XYZ'}]"},
    {"subject", "ImagingStudy.subject", tags::PatientName, "PatientName=Adams^John^Q^Rev.^B.A.",
     "{'reference':'Patient/1','display':'Rev. John Q Adams B.A.'}"},
    {"subject without a name", "ImagingStudy.subject", tags::PatientName, "PatientID=1", "{'reference':'Patient/1'}"},
    {"encounter", "ImagingStudy.encounter", tags::AdmissionID,
     "AdmissionID=E9; IssuerOfAdmissionIDSequence=(LocalNamespaceEntityID=HOSPITAL)",
     "{'type':'Encounter','identifier':{'system':'http://hospital.example/ids','value':'E9'}}"},
    {"encounter with the retired issuer", "ImagingStudy.encounter", tags::AdmissionID,
     "AdmissionID=E9; IssuerOfAdmissionID=HOSPITAL",
     "{'type':'Encounter','identifier':{'system':'http://hospital.example/ids','value':'E9'}}"},
    {"no encounter", "ImagingStudy.encounter", tags::AdmissionID, "IssuerOfAdmissionID=HOSPITAL", ""},
    {"started with an offset", "ImagingStudy.started", tags::StudyDate,
     "StudyDate=20240105; StudyTime=103015.25; TimezoneOffsetFromUTC=-0330", "'2024-01-05T10:30:15.250-03:30'"},
    {"started with an offset, which is better than the zone", "ImagingStudy.started", tags::StudyDate,
     "StudyDate=20240105; StudyTime=1030; TimezoneOffsetFromUTC=+0200", "'2024-01-05T10:30:00+02:00'", "CLINIC"},
    {"started in a zone, winter", "ImagingStudy.started", tags::StudyDate, "StudyDate=20240105; StudyTime=10",
     "'2024-01-05T10:00:00+01:00'", "CLINIC"},
    {"started in a zone, summer", "ImagingStudy.started", tags::StudyDate, "StudyDate=20240705; StudyTime=10",
     "'2024-07-05T10:00:00+02:00'", "CLINIC"},
    {"started when the clocks were set back", "ImagingStudy.started", tags::StudyDate,
     "StudyDate=20241027; StudyTime=0230", "'2024-10-27'", "CLINIC"},
    {"started without offset or zone", "ImagingStudy.started", tags::StudyDate, "StudyDate=20240105; StudyTime=1030",
     "'2024-01-05'"},
    {"started without time", "ImagingStudy.started", tags::StudyDate,
     "StudyDate=20240105; TimezoneOffsetFromUTC=+0100", "'2024-01-05'"},
    {"started in a range", "ImagingStudy.started", tags::StudyDate,
     "StudyDate=20240105; StudyTime=0800-0900; TimezoneOffsetFromUTC=+0100", "'2024-01-05'"},
    {"started on no day", "ImagingStudy.started", tags::StudyDate, "StudyDate=20240230; StudyTime=08", ""},
    {"started with an offset that is none, in a zone", "ImagingStudy.started", tags::StudyDate,
     "StudyDate=20240105; StudyTime=10; TimezoneOffsetFromUTC=UTC", "'2024-01-05T10:00:00+01:00'", "CLINIC"},
    {"based on an accession number", "ImagingStudy.basedOn", tags::AccessionNumber,
     "AccessionNumber=A1; IssuerOfAccessionNumberSequence=(LocalNamespaceEntityID=HOSPITAL)",
     "[{'type':'ServiceRequest','identifier':"
     "{'type':{'coding':[{'system':'http://terminology.hl7.org/CodeSystem/v2-0203','code':'ACSN'}]},"
     "'system':'http://hospital.example/ids','value':'A1'}}]"},
    {"based on a placer's order", "ImagingStudy.basedOn", tags::PlacerOrderNumberImagingServiceRequest,
     "PlacerOrderNumberImagingServiceRequest=P1; OrderPlacerIdentifierSequence=(LocalNamespaceEntityID=HOSPITAL)",
     "[{'type':'ServiceRequest','identifier':"
     "{'type':{'coding':[{'system':'http://terminology.hl7.org/CodeSystem/v2-0203','code':'PLAC'}]},"
     "'system':'http://hospital.example/ids','value':'P1'}}]"},
    {"based on requests, one of which is known already", "ImagingStudy.basedOn", tags::RequestAttributesSequence,
     "AccessionNumber=A1; RequestAttributesSequence=(AccessionNumber=A1)"
     "(AccessionNumber=A2; PlacerOrderNumberImagingServiceRequest=P2)",
     "[{'type':'ServiceRequest','identifier':"
     "{'type':{'coding':[{'system':'http://terminology.hl7.org/CodeSystem/v2-0203','code':'ACSN'}]},'value':'A1'}},"
     "{'type':'ServiceRequest','identifier':"
     "{'type':{'coding':[{'system':'http://terminology.hl7.org/CodeSystem/v2-0203','code':'ACSN'}]},'value':'A2'}},"
     "{'type':'ServiceRequest','identifier':"
     "{'type':{'coding':[{'system':'http://terminology.hl7.org/CodeSystem/v2-0203','code':'PLAC'}]},'value':'P2'}}]"},
    {"referrer by name", "ImagingStudy.referrer", tags::ReferringPhysicianIdentificationSequence,
     "ReferringPhysicianName=House^Gregory^^Dr.", "{'type':'Practitioner','display':'Dr. Gregory House'}"},
    {"referrer identified", "ImagingStudy.referrer", tags::ReferringPhysicianIdentificationSequence,
     "ReferringPhysicianName=House^Gregory; ReferringPhysicianIdentificationSequence="
     "(PersonIdentificationCodeSequence=(CodeValue=77; CodingSchemeDesignator=99LOCAL; CodeMeaning=Dr. House))",
     "{'type':'Practitioner','identifier':{'system':'http://hospital.example/codes','value':'77'},"
     "'display':'Gregory House'}"},
    {"referrer identified by an institution, without name", "ImagingStudy.referrer",
     tags::ReferringPhysicianIdentificationSequence,
     "ReferringPhysicianIdentificationSequence=(InstitutionName=HOSPITAL; "
     "PersonIdentificationCodeSequence=(CodeValue=77; CodingSchemeDesignator=L; CodeMeaning=Dr. House))",
     "{'type':'Practitioner','identifier':{'system':'http://hospital.example/ids','value':'77'},"
     "'display':'Dr. House'}"},
    {"interpreters", "ImagingStudy.interpreter", tags::PhysiciansReadingStudyIdentificationSequence,
     "NameOfPhysiciansReadingStudy=A^B\\C^D; PhysiciansReadingStudyIdentificationSequence="
     "(PersonIdentificationCodeSequence=(CodeValue=1; CodingSchemeUID=1.2.77))",
     "[{'type':'Practitioner','identifier':{'system':'urn:oid:1.2.77','value':'1'},'display':'B A'},"
     "{'type':'Practitioner','display':'D C'}]"},
    {"endpoint", "ImagingStudy.endpoint", 0, "Modality=CT", "[{'reference':'Endpoint/2'}]"},
    {"number of series", "ImagingStudy.numberOfSeries", 0, "Modality=CT", "1"},
    {"number of instances", "ImagingStudy.numberOfInstances", 0, "Modality=CT", "1"},
    {"procedure code of SNOMED", "ImagingStudy.procedureCode", tags::ProcedureCodeSequence,
     "ProcedureCodeSequence=(CodeValue=77477000; CodingSchemeDesignator=SCT; CodeMeaning=CT)",
     "[{'coding':[{'system':'http://snomed.info/sct','code':'77477000','display':'CT'}],'text':'CT'}]"},
    {"procedure codes of LOINC, DCM and RadLex", "ImagingStudy.procedureCode", tags::ProcedureCodeSequence,
     "ProcedureCodeSequence=(CodeValue=24627-2; CodingSchemeDesignator=LN)(CodeValue=1; CodingSchemeDesignator=DCM)"
     "(CodeValue=RPID1; CodingSchemeDesignator=RADLEX)",
     "[{'coding':[{'system':'http://loinc.org','code':'24627-2'}]},"
     "{'coding':[{'system':'http://dicom.nema.org/resources/ontology/DCM','code':'1'}]},"
     "{'coding':[{'system':'http://radlex.org','code':'RPID1'}]}]"},
    {"procedure codes of the configuration, an OID, and of nobody", "ImagingStudy.procedureCode",
     tags::ProcedureCodeSequence,
     "ProcedureCodeSequence=(CodeValue=1; CodingSchemeDesignator=99LOCAL)"
     "(CodeValue=2; CodingSchemeDesignator=X; CodingSchemeUID=1.2.99)(CodeValue=3; CodingSchemeDesignator=Y; "
     "CodeMeaning=Three)",
     "[{'coding':[{'system':'http://hospital.example/codes','code':'1'}]},"
     "{'coding':[{'system':'urn:oid:1.2.99','code':'2'}]},"
     "{'coding':[{'code':'3','display':'Three'}],'text':'Three'}]"},
    {"procedure code that is long, a URN, only a meaning, and nothing", "ImagingStudy.procedureCode",
     tags::ProcedureCodeSequence,
     "ProcedureCodeSequence=(LongCodeValue=12345678901234567; CodingSchemeDesignator=SCT)"
     "(URNCodeValue=urn:x:1)(CodeMeaning=Words)(CodingSchemeDesignator=SCT)",
     "[{'coding':[{'system':'http://snomed.info/sct','code':'12345678901234567'}]},"
     "{'coding':[{'system':'urn:ietf:rfc:3986','code':'urn:x:1'}]},{'text':'Words'}]"},
    {"location by department", "ImagingStudy.location", tags::InstitutionalDepartmentName,
     "InstitutionalDepartmentName=Radiology; PerformedLocation=R2", "{'display':'Radiology'}"},
    {"location by room", "ImagingStudy.location", tags::InstitutionalDepartmentName, "PerformedLocation=R2",
     "{'display':'R2'}"},
    {"reason as a code", "ImagingStudy.reasonCode", tags::ReasonForRequestedProcedureCodeSequence,
     "ReasonForTheRequestedProcedure=Words; ReasonForRequestedProcedureCodeSequence="
     "(CodeValue=25064002; CodingSchemeDesignator=SCT; CodeMeaning=Headache)",
     "[{'coding':[{'system':'http://snomed.info/sct','code':'25064002','display':'Headache'}],'text':'Headache'}]"},
    {"reason as text", "ImagingStudy.reasonCode", tags::ReasonForRequestedProcedureCodeSequence,
     "ReasonForTheRequestedProcedure=Headache", "[{'text':'Headache'}]"},
    {"reasons of requests", "ImagingStudy.reasonCode", tags::ReasonForRequestedProcedureCodeSequence,
     "RequestAttributesSequence=(ReasonForTheRequestedProcedure=Headache)(ReasonForTheRequestedProcedure=Words; "
     "ReasonForRequestedProcedureCodeSequence=(CodeValue=1; CodingSchemeDesignator=SCT))",
     "[{'text':'Headache'},{'coding':[{'system':'http://snomed.info/sct','code':'1'}]}]"},
    {"note", "ImagingStudy.note", tags::StudyComments, "StudyComments=First\nSecond", "[{'text':'First\\nSecond'}]"},
    {"description", "ImagingStudy.description", tags::StudyDescription, "StudyDescription= CT  head ", "'CT  head'"},
    {"description with a stray backslash", "ImagingStudy.description", tags::StudyDescription,
     "StudyDescription=CT\\head", "'CT\\\\head'"},
    {"description with control characters", "ImagingStudy.description", tags::StudyDescription,
     "StudyDescription=CT\x01 head\x1b", "'CT head'"},
    {"empty description", "ImagingStudy.description", tags::StudyDescription, "StudyDescription= ", ""},

    // --- Series ---
    {"SeriesInstanceUID", "ImagingStudy.series.uid", tags::SeriesInstanceUID, "Modality=CT", "'1.2.3.1'"},
    {"series number", "ImagingStudy.series.number", tags::SeriesNumber, "SeriesNumber=7", "7"},
    {"series number zero", "ImagingStudy.series.number", tags::SeriesNumber, "SeriesNumber=0", "0"},
    {"negative series number", "ImagingStudy.series.number", tags::SeriesNumber, "SeriesNumber=-1", ""},
    {"series number that is none", "ImagingStudy.series.number", tags::SeriesNumber, "SeriesNumber=7a", ""},
    {"series modality", "ImagingStudy.series.modality", tags::Modality, "Modality=MR",
     "{'system':'http://dicom.nema.org/resources/ontology/DCM','code':'MR','display':'Magnetic Resonance'}"},
    {"no series modality", "ImagingStudy.series.modality", tags::Modality, "PatientID=1",
     "{'system':'http://dicom.nema.org/resources/ontology/DCM','code':'OT','display':'Other Modality'}"},
    {"series description", "ImagingStudy.series.description", tags::SeriesDescription,
     "SeriesDescription=t1_tse", "'t1_tse'"},
    {"number of instances of the series", "ImagingStudy.series.numberOfInstances", 0, "Modality=CT", "1"},
    {"body site as a code", "ImagingStudy.series.bodySite", tags::AnatomicRegionSequence,
     "BodyPartExamined=CHEST; AnatomicRegionSequence=(CodeValue=80891009; CodingSchemeDesignator=SCT; "
     "CodeMeaning=Heart)", "{'system':'http://snomed.info/sct','code':'80891009','display':'Heart'}"},
    {"body site of annex L", "ImagingStudy.series.bodySite", tags::AnatomicRegionSequence, "BodyPartExamined=CHEST",
     "{'system':'http://snomed.info/sct','code':'816094009','display':'Chest'}"},
    {"body site that nobody knows", "ImagingStudy.series.bodySite", tags::AnatomicRegionSequence,
     "BodyPartExamined=Left toe", "{'display':'Left toe'}"},
    {"laterality of the series", "ImagingStudy.series.laterality", tags::Laterality, "Laterality=L; ImageLaterality=R",
     "{'system':'http://snomed.info/sct','code':'7771000','display':'Left'}"},
    {"laterality of the image", "ImagingStudy.series.laterality", tags::Laterality, "ImageLaterality=B",
     "{'system':'http://snomed.info/sct','code':'51440002','display':'Right and left'}"},
    {"laterality that is none", "ImagingStudy.series.laterality", tags::Laterality, "Laterality=LEFT", ""},
    {"specimens", "ImagingStudy.series.specimen", tags::SpecimenDescriptionSequence,
     "SpecimenDescriptionSequence=(SpecimenIdentifier=S1; SpecimenShortDescription=Skin; "
     "IssuerOfTheSpecimenIdentifierSequence=(LocalNamespaceEntityID=HOSPITAL))(SpecimenIdentifier=S2)",
     "[{'type':'Specimen','identifier':{'system':'http://hospital.example/ids','value':'S1'},'display':'Skin'},"
     "{'type':'Specimen','identifier':{'value':'S2'}}]"},
    {"series started", "ImagingStudy.series.started", tags::SeriesDate,
     "SeriesDate=20240105; SeriesTime=1031; TimezoneOffsetFromUTC=+0000", "'2024-01-05T10:31:00+00:00'"},
    {"performing physician", "ImagingStudy.series.performer", tags::PerformingPhysicianIdentificationSequence,
     "PerformingPhysicianName=A^B",
     "[{'function':{'coding':[{'system':'http://terminology.hl7.org/CodeSystem/v3-ParticipationType','code':'PRF'}]},"
     "'actor':{'type':'Practitioner','display':'B A'}}]"},
    {"operators", "ImagingStudy.series.performer", tags::OperatorIdentificationSequence,
     "OperatorsName=A^B\\C^D; OperatorIdentificationSequence=(PersonIdentificationCodeSequence="
     "(CodeValue=1; CodingSchemeDesignator=99LOCAL))",
     "[{'function':{'coding':[{'system':'http://terminology.hl7.org/CodeSystem/v3-ParticipationType','code':'SPRF'}]},"
     "'actor':{'type':'Practitioner','identifier':{'system':'http://hospital.example/codes','value':'1'},"
     "'display':'B A'}},"
     "{'function':{'coding':[{'system':'http://terminology.hl7.org/CodeSystem/v3-ParticipationType','code':'SPRF'}]},"
     "'actor':{'type':'Practitioner','display':'D C'}}]"},
    {"equipment", "ImagingStudy.series.performer", tags::DeviceSerialNumber,
     "DeviceSerialNumber=123; Manufacturer=ACME; ManufacturerModelName=One",
     "[{'actor':{'type':'Device','identifier':"
     "{'type':{'coding':[{'system':'http://terminology.hl7.org/CodeSystem/v2-0203','code':'SNO'}]},'value':'123'},"
     "'display':'ACME One'}}]"},
    {"equipment without serial number", "ImagingStudy.series.performer", tags::DeviceSerialNumber,
     "ManufacturerModelName=One", "[{'actor':{'type':'Device','display':'One'}}]"},

    // --- Instance ---
    {"SOPInstanceUID", "ImagingStudy.series.instance.uid", tags::SOPInstanceUID, "Modality=CT", "'1.2.3.1.1'"},
    {"SOPClassUID", "ImagingStudy.series.instance.sopClass", tags::SOPClassUID, "Modality=CT",
     "{'system':'urn:ietf:rfc:3986','code':'urn:oid:1.2.840.10008.5.1.4.1.1.2','display':'CT Image Storage'}"},
    {"instance number", "ImagingStudy.series.instance.number", tags::InstanceNumber, "Modality=CT", "5"},
    {"title", "ImagingStudy.series.instance.title", tags::DocumentTitle, "Modality=CT", "'AXIAL'"},
};
// clang-format on

std::string quotes(std::string_view text) {
  std::string json(text);
  std::ranges::replace(json, '\'', '"');
  return json;
}

TEST(MappingTableTest, Cases) {
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    const StudyFacts facts = facts_of({{.attributes = std::string(c.attributes),
                                        .number = 5,
                                        .title = "AXIAL",
                                        .source = std::string(c.source)}});
    const Mapped mapped = map(facts, c.element, test_rules());
    EXPECT_EQ(element_of(mapped.json, c.element), quotes(c.json));
  }
}

// What the table does not lead to a value is listed: nothing is dropped silently.
TEST(MappingTableTest, WhatIsLeftOutIsListed) {
  const std::set<std::string_view> silent{"empty name",
                                          "no sex",
                                          "subject without a name",
                                          "no encounter",
                                          "empty description",
                                          "negative series number"};
  for (const Case& c : cases) {
    if (!c.json.empty() || silent.contains(c.name)) continue;
    SCOPED_TRACE(c.name);
    const StudyFacts facts = facts_of({{.attributes = std::string(c.attributes)}});
    const Mapped mapped = map(facts, c.element, test_rules());
    bool is_listed = false;
    for (const MappingProblem& problem : mapped.problems) {
      std::string element = problem.element;
      if (const auto at = element.find("[0]"); at != std::string::npos) element.erase(at, 3);
      is_listed = is_listed || element == c.element;
      EXPECT_EQ(problem.sop_instance_uid, "1.2.3.1.1");
    }
    EXPECT_TRUE(is_listed);
  }
}

std::string name_of(const Row& row) {
  std::string name(row.element);
  for (const dicom::Tag tag : row.attributes) name += " " + name_of_attribute(tag);
  return name;
}

TEST(MappingTableTest, EachRowHasACase) {
  EXPECT_GT(mapping_table().size(), 40U);
  for (const Row& row : mapping_table()) {
    const dicom::Tag first = row.attributes.empty() ? 0 : row.attributes[0];
    EXPECT_TRUE(std::ranges::any_of(cases, [&](const Case& c) {
      return c.element == row.element && c.row == first && !c.json.empty();
    })) << name_of(row);
  }
}

TEST(MappingTableTest, EachCaseHasARow) {
  for (const Case& c : cases) {
    EXPECT_TRUE(std::ranges::any_of(mapping_table(), [&](const Row& row) {
      return c.element == row.element && c.row == (row.attributes.empty() ? 0 : row.attributes[0]);
    })) << c.name;
  }
}

TEST(MappingTableTest, WhatIsAskedForIsKept) {
  EXPECT_TRUE(is_mapped(tags::PatientName));
  EXPECT_TRUE(is_mapped(tags::IssuerOfAccessionNumberSequence));
  EXPECT_TRUE(is_mapped(tags::TimezoneOffsetFromUTC));
  EXPECT_TRUE(is_mapped(tags::ConceptNameCodeSequence));
  EXPECT_TRUE(is_mapped(tags::SeriesDescription));
  // Those of an instance would make each instance's attributes another's.
  for (const dicom::Tag tag :
       {tags::SOPInstanceUID, tags::SeriesInstanceUID, tags::StudyInstanceUID, tags::InstanceNumber,
        tags::ImageType, tags::ContentLabel, dicom::tags::PixelData}) {
    EXPECT_FALSE(is_mapped(tag)) << name_of_attribute(tag);
  }
}

// The standard's level: Modality is a row of the study, and an attribute of the series.
TEST(MappingTableTest, WhatIsAskedForIsOfOneLevel) {
  std::vector<dicom::Tag> all;
  for (const query::Level level :
       {query::Level::patient, query::Level::study, query::Level::series, query::Level::instance}) {
    const auto found = mapped_tags(level);
    EXPECT_TRUE(std::ranges::is_sorted(found));
    const auto has = [&](dicom::Tag tag) { return std::ranges::binary_search(found, tag); };
    EXPECT_EQ(has(tags::OtherPatientIDsSequence), level == query::Level::patient);
    EXPECT_EQ(has(tags::ProcedureCodeSequence), level == query::Level::study);
    EXPECT_EQ(has(tags::Modality), level == query::Level::series);
    EXPECT_EQ(has(tags::ConceptNameCodeSequence), level == query::Level::instance);
    all.insert(all.end(), found.begin(), found.end());
  }
  for (const Row& row : mapping_table()) {
    for (const dicom::Tag tag : row.attributes) {
      EXPECT_EQ(std::ranges::count(all, tag), is_mapped(tag) ? 1 : 0) << name_of_attribute(tag);
    }
  }
}

TEST(MappingTableTest, TheTableAndThePageAgree) {
  std::ifstream file("docs/mapping.md");
  ASSERT_TRUE(file);
  const std::string page((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  // One row of the page, a line, has the element and all of a row's attributes.
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < page.size();) {
    const std::size_t end = std::min(page.find('\n', at), page.size());
    lines.push_back(page.substr(at, end - at));
    at = end + 1;
  }
  for (const Row& row : mapping_table()) {
    const std::string element =
        "| `" + std::string(row.element.substr(row.element.find('.') + 1)) + "`";
    EXPECT_TRUE(std::ranges::any_of(lines, [&](const std::string& line) {
      return line.starts_with(element) && std::ranges::all_of(row.attributes, [&](dicom::Tag tag) {
               return line.find(name_of_attribute(tag)) != std::string::npos;
             });
    })) << name_of(row);
  }
}

}  // namespace
}  // namespace lightbox::ingest
