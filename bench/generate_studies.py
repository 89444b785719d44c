"""Studies to search: small objects, one for each of two series of a study, always the same bytes; and the DICOM index of many
times as many, made of theirs.

    studies(folder, count)      the files, and the questions with their right answers
    multiply(database, times)   the same studies again, so many times in all, as studies of other patients
"""

import collections
import random
import sqlite3
import sys
from datetime import date, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))
import dicom_data  # noqa: E402

ROOT_UID = "1.2.826.0.1.3680043.8.498.0."  # what multiply() changes
MODALITIES = ["CT"] * 30 + ["CR"] * 30 + ["MR"] * 20 + ["US"] * 15 + ["PT"] * 5
SURNAMES = ["Smith", "Schmidt", "Meyer", "Maier", "Jones", "Weber", "Wagner", "Becker", "Hoffmann", "Koch", "Richter", "Klein",
            "Wolf", "Neumann", "Schwarz", "Braun", "Zimmermann", "Hartmann", "Lange", "Krause", "Lehmann", "Walter", "Huber"]
GIVEN = ["Anna", "John", "Maria", "Peter", "Jane", "Paul", "Emma", "Karl", "Laura", "Max", "Julia", "Tom", "Lisa", "Otto"]
STUDIES_OF_A_PATIENT = 5
SLOTS_OF_SECOND = 1 << 24  # docs/storage-format.md, "Queries"


def facts_of(number, count):
    source = random.Random(number)
    patient = number % max(1, count // STUDIES_OF_A_PATIENT)
    name = random.Random(patient)
    return {"modality": source.choice(MODALITIES), "patient": f"PAT{patient:07}",
            "name": f"{name.choice(SURNAMES)}^{name.choice(GIVEN)}{patient}", "accession": f"ACC{number:08}",
            "date": (date(2014, 1, 1) + timedelta(days=source.randrange(3650))).strftime("%Y%m%d"),
            "time": f"{source.randrange(24):02}{source.randrange(60):02}00"}


def write_study(folder, number, count):
    facts = facts_of(number, count)
    path = folder / f"{number // 1000:04}"
    path.mkdir(parents=True, exist_ok=True)
    for series, modality in ((1, facts["modality"]), (2, "SR" if facts["modality"] == "CT" else facts["modality"])):
        uid = f"{ROOT_UID}{number}"
        (path / f"{number}-{series}.dcm").write_bytes(dicom_data.instance(
            f"{uid}", f"{uid}.{series}", 1, patient=facts["patient"], modality=modality, rows=2, columns=2,
            SOPInstanceUID=f"{uid}.{series}.1", StudyInstanceUID=uid, SeriesInstanceUID=f"{uid}.{series}",
            PatientName=facts["name"], PatientID=facts["patient"], AccessionNumber=facts["accession"],
            StudyDate=facts["date"], StudyTime=facts["time"], StudyDescription=f"{modality} of something",
            StudyID=str(number), SeriesNumber=series))
    return facts


def studies(folder, count, questions=200):
    """{name: [(query, how many studies match)]}; with a limit, the least of both."""
    folder = Path(folder)
    all_facts = [write_study(folder, number, count) for number in range(count)]
    source = random.Random(7)
    picked = [source.choice(all_facts) for _ in range(questions)]
    limit = 20

    def matching(test):
        return sum(1 for facts in all_facts if test(facts))

    by_month = collections.Counter(facts["date"][:6] for facts in all_facts)
    ranges = [range_of(month, by_month, limit) for month in sorted({facts["date"][:6] for facts in picked})]
    modalities = ("CT", "MR", "US", "CR", "PT")
    return {
        "patient": [(f"PatientID={facts['patient']}", STUDIES_OF_A_PATIENT) for facts in picked],
        "accession": [(f"AccessionNumber={facts['accession']}", 1) for facts in picked],
        "modality": [(f"ModalitiesInStudy={modality}&limit={limit}",
                      min(limit, matching(lambda facts, m=modality: facts["modality"] == m))) for modality in modalities],
        "date": [(f"StudyDate={first}01-{last_day(last)}&limit={limit}", limit) for first, last in filter(None, ranges)],
        "page": [(f"limit={limit}&offset={limit * page}", limit) for page in range(5)],
    }


def range_of(first, by_month, least):
    """(first, last): the fewest months from this one on that have so many studies; None when there are too few."""
    count = 0
    for month in sorted(month for month in by_month if month >= first):
        count += by_month[month]
        if count >= least:
            return first, month
    return None


def last_day(month):
    year, number = int(month[:4]), int(month[4:])
    following = date(year + number // 12, number % 12 + 1, 1)
    return (following - timedelta(days=1)).strftime("%Y%m%d")


def multiply(database, times):
    """By the statements of SQLite: the k-th copy has another root of UIDs, other patients and accession numbers."""
    db = sqlite3.connect(database)
    db.executescript("PRAGMA cache_size=-2000000; PRAGMA synchronous=OFF; PRAGMA temp_store=MEMORY;")
    tables = {"dicom_study": "key", "dicom_series": "key", "dicom_instance": "key"}
    steps = {table: db.execute(f"SELECT max({key}) FROM {table}").fetchone()[0] for table, key in tables.items()}
    first = {table: step for table, step in steps.items()}
    study, series, instance = (steps[table] for table in tables)
    is_first = f"slot & {SLOTS_OF_SECOND - 1} <= {study}"
    for copy in range(1, times):
        def other(text):
            return (f"replace(replace(replace({text},'{ROOT_UID}','{ROOT_UID[:-2]}{copy}.'),'PAT','P{copy}T'),"
                    f"'ACC','A{copy}C')")
        s, e, i = study * copy, series * copy, instance * copy
        for sql in (
                f"INSERT INTO dicom_study SELECT key+{s}, {other('uid')}, revision, 0, 0, slot+{s} FROM dicom_study WHERE "
                f"key<={first['dicom_study']}",
                f"INSERT INTO dicom_study_key SELECT place, slot+{s}, {other('keys')} FROM dicom_study_key WHERE {is_first}",
                f"INSERT INTO dicom_study_word SELECT kind, {other('word')}, place, slot+{s} FROM dicom_study_word WHERE {is_first}",
                f"INSERT INTO dicom_study_answer SELECT slot+{s}, study+{s}, place, series, instances, {other('uid')}, modalities, "
                f"classes, {other('content')}, sources, {other('words')} FROM dicom_study_answer WHERE {is_first}",
                f"INSERT INTO dicom_series SELECT key+{e}, study+{s}, {other('uid')} FROM dicom_series WHERE "
                f"key<={first['dicom_series']}",
                f"INSERT INTO dicom_series_answer SELECT series+{e}, first+{i}, rank, number, study_hash, modality, words, "
                f"{other('content')} FROM dicom_series_answer WHERE series<={first['dicom_series']}",
                f"INSERT INTO dicom_instance SELECT key+{i}, {other('uid')}, series+{e}, attributes, sop_class, "
                "transfer_syntax, number, title, source, received, file, file_bytes, data_set_offset, hash, fetched FROM "
                f"dicom_instance WHERE key<={first['dicom_instance']}"):
            db.execute(sql)
        db.commit()
    db.close()
