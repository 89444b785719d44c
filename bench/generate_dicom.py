"""The objects that the DICOM benchmark sends, always the same bytes.

    small(folder)   12,000 CT images of 64×64 (9 KB) in 200 studies of 40 patients, three series each
    large(folder)   one CT of 2,000 slices of 512×512, 16 bits (1 GB)

Both return the files in the order in which a scanner would send them.
"""

import random
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))
import dicom_data  # noqa: E402

STUDIES, SERIES, IN_SERIES, PATIENTS = 200, 3, 20, 40
SLICES = 2_000
LARGE_STUDY = STUDIES + 1


def noise(count):
    """12-bit noise: images compress, but not to nothing."""
    source = random.Random(20240229)
    return b"".join((value & 0x0FFF).to_bytes(2, "little") for value in source.choices(range(4096), k=count))


def write(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def small(folder):
    pixels, files = noise(64 * 64 * 4), []
    for study in range(1, STUDIES + 1):
        for series in range(1, SERIES + 1):
            for number in range(1, IN_SERIES + 1):
                start = (study * 7 + series * 13 + number * 31) % (64 * 64 * 2) * 2
                content = dicom_data.instance(
                    study, series, number, patient=f"BENCH{study % PATIENTS}", rows=64, columns=64,
                    pixels=pixels[start:start + 64 * 64 * 2], StudyDate=f"2024{1 + study % 12:02}{1 + study % 28:02}",
                    StudyDescription=f"Thorax {study}", SeriesDescription=f"Axial {series}", BodyPartExamined="CHEST",
                    SliceThickness="1.25", KVP="120", PixelSpacing=["0.7", "0.7"],
                    ImagePositionPatient=["0", "0", str(number * 1.25)],
                    ImageOrientationPatient=["1", "0", "0", "0", "1", "0"], WindowCenter="40", WindowWidth="400",
                    RescaleIntercept="-1024", RescaleSlope="1")
                files.append(write(Path(folder) / f"{study:03}" / f"{series}-{number:02}.dcm", content))
    return files


def large(folder):
    pixels, files = noise(512 * 512 + SLICES), []
    for number in range(1, SLICES + 1):
        content = dicom_data.instance(LARGE_STUDY, 1, number, patient="BENCHLARGE", rows=512, columns=512,
                                      pixels=pixels[number * 2:number * 2 + 512 * 512 * 2],
                                      ImagePositionPatient=["0", "0", str(number * 0.5)])
        files.append(write(Path(folder) / f"{number:04}.dcm", content))
    return files
