"""Pictures that look like anatomy and are nobody's: ellipses, arcs and noise, in millimetres of the patient.

x points to the patient's left, y to the back, z to the head. Every function is deterministic and gives arrays of
float32; a `palette` says what each tissue is in the modality: Hounsfield units, or the signal of a sequence.
"""

import numpy

CT = {"air": -1000, "skin": 30, "fat": -95, "muscle": 52, "bone": 900, "marrow": 350, "csf": 6, "grey": 38, "white": 28,
      "eye": 12, "vessel": 48, "lesion": 62, "cartilage": 90}
T1 = {"air": 8, "skin": 420, "fat": 920, "muscle": 330, "bone": 60, "marrow": 560, "csf": 110, "grey": 420, "white": 610,
      "eye": 130, "vessel": 60, "lesion": 300, "cartilage": 300}
T2 = {"air": 8, "skin": 380, "fat": 700, "muscle": 210, "bone": 50, "marrow": 380, "csf": 980, "grey": 520, "white": 360,
      "eye": 960, "vessel": 40, "lesion": 850, "cartilage": 260}
FLAIR = {**T2, "csf": 90, "eye": 120, "grey": 560, "white": 430, "fat": 620, "lesion": 980}


def grid(size, field_mm):
    """x and y of the pixels' centres."""
    line = ((numpy.arange(size, dtype=numpy.float32) + 0.5) / size - 0.5) * field_mm
    return numpy.meshgrid(line, line)


def smooth_noise(shape, cell, seed):
    """Noise from -1 to 1 whose blobs are `cell` pixels wide."""
    rows, columns = shape
    coarse = numpy.random.default_rng(seed).uniform(-1, 1, (int(rows / cell) + 2, int(columns / cell) + 2))
    y, x = numpy.arange(rows) / cell, numpy.arange(columns) / cell
    y0, x0 = y.astype(int), x.astype(int)
    fade_y, fade_x = (y - y0)[:, None], (x - x0)[None, :]
    fade_y, fade_x = fade_y * fade_y * (3 - 2 * fade_y), fade_x * fade_x * (3 - 2 * fade_x)
    lines = coarse[y0] * (1 - fade_y) + coarse[y0 + 1] * fade_y
    return (lines[:, x0] * (1 - fade_x) + lines[:, x0 + 1] * fade_x).astype(numpy.float32)


def grain(shape, amount, seed):
    return numpy.random.default_rng(seed).standard_normal(shape, numpy.float32) * numpy.float32(amount)


def texture(shape, cell, seed, octaves=4):
    """Smooth noise of several sizes, from -1 to 1."""
    total = sum(smooth_noise(shape, max(cell / 2**n, 1.5), seed + n) / 2**n for n in range(octaves))
    return total / sum(0.5**n for n in range(octaves))


def ellipse(x, y, cx, cy, a, b, angle=0.0):
    """Below 1 inside; about the distance from the edge in units of the radius."""
    u, v = x - cx, y - cy
    if angle:
        c, s = numpy.float32(numpy.cos(angle)), numpy.float32(numpy.sin(angle))
        u, v = u * c + v * s, v * c - u * s
    return numpy.hypot(u * numpy.float32(1 / a), v * numpy.float32(1 / b))


def barrel(x, y, cx, cy, a, b, angle=0.0):
    """As ellipse, with fuller corners (power 2.5). Right near the edge, which is where it matters."""
    u, v = x - cx, y - cy
    if angle:
        c, s = numpy.float32(numpy.cos(angle)), numpy.float32(numpy.sin(angle))
        u, v = u * c + v * s, v * c - u * s
    u, v = numpy.abs(u) * numpy.float32(1 / a), numpy.abs(v) * numpy.float32(1 / b)
    return 1 + (u * u * numpy.sqrt(u) + v * v * numpy.sqrt(v) - 1) / numpy.float32(2.5)


def fill(image, distance, value, radius_mm, soft_mm=0.8, where=None):
    """Puts `value` where distance < 1, with an edge of `soft_mm`."""
    cover = numpy.clip((1 - distance) * (radius_mm / soft_mm) + 0.5, 0, 1)
    if where is not None:
        cover = cover * where
    image += (value - image) * cover
    return cover


def capsule(x, y, x0, y0, x1, y1, r):
    """Distance from a line of that radius, in radii."""
    dx, dy = x1 - x0, y1 - y0
    t = numpy.clip(((x - x0) * dx + (y - y0) * dy) / (dx * dx + dy * dy), 0, 1)
    return numpy.hypot(x - x0 - t * dx, y - y0 - t * dy) / r


# --- head ----------------------------------------------------------------------------------------


def head(z, size, field_mm, palette, lesions=(), seed=1):
    """An axial slice; z from -70 (skull base) to 85 (vertex). `lesions`: (x, y, z, radius)."""
    x, y = grid(size, field_mm)
    image = numpy.full((size, size), palette["air"], numpy.float32)
    if abs(z) >= 96:
        return image
    scale = float(numpy.sqrt(1 - (z / 96) ** 2))
    a, b = 74 * scale + 2, 92 * scale + 2
    theta = numpy.arctan2(y + 4, x)
    rim = 1 + 0.012 * numpy.cos(2 * theta) + 0.01 * numpy.cos(3 * theta + 1)
    outer = ellipse(x, y, 0, 0, a, b) / rim
    fill(image, outer, palette["skin"], a)
    fill(image, outer * a / (a - 2.5), palette["fat"], a - 2.5)
    if z < 15:  # temporal muscles
        for side in (-1, 1):
            fill(image, ellipse(x, y, side * (a - 9), -b * 0.28, 8, 30, side * 0.12), palette["muscle"], 8)
    skull = outer * a / (a - 6)
    fill(image, skull, palette["bone"], a - 6)
    fill(image, outer * a / (a - 8.2), palette["marrow"], a - 8.2)
    fill(image, outer * a / (a - 10.5), palette["bone"], a - 10.5)
    brain_a, brain_b = a - 12.5, b - 13.5
    if brain_a < 6:
        return image
    brain = ellipse(x, y, 0, -1, brain_a, brain_b)
    fill(image, brain, palette["csf"], brain_a)
    cerebrum(image, x, y, z, brain, brain_a, brain_b, palette, seed)
    for lesion_x, lesion_y, lesion_z, radius in lesions:
        if abs(z - lesion_z) < radius:
            here = float(numpy.sqrt(radius**2 - (z - lesion_z) ** 2))
            wobble = 1 + 0.25 * smooth_noise(image.shape, size / 40, seed + 77)
            fill(image, ellipse(x, y, lesion_x, lesion_y, here, here) * wobble, palette["lesion"], here, 2.0)
    if z < -18:
        skull_base(image, x, y, z, a, b, palette)
    return image


def cerebrum(image, x, y, z, brain, a, b, palette, seed):
    shape = image.shape
    fold = texture(shape, shape[0] / 9, seed + 3)
    theta = numpy.arctan2(y, x) + 0.35 * fold
    # Gyri: the edge of the brain waves; sulci reach in where the wave is low.
    wave = numpy.cos(23 * theta + 3.1 * smooth_noise(shape, shape[0] / 6, int(seed + z // 9 + 200)))
    depth = numpy.clip(-wave, 0, 1) ** 3 * numpy.clip(13 + 13 * fold, 2, 26) / a
    cover = fill(image, (brain + depth) * a / (a - 1.0), palette["grey"], a, 1.2)
    white = (brain + 0.75 * depth) * a / (a - 6.5) + 0.055 * (wave < -0.2)
    fill(image, white + 0.02 * fold, palette["white"], a, 2.0)
    # The falx and the fissure.
    fissure = numpy.abs(x) / 1.1
    edge = (numpy.abs(y) > b * 0.42) if z > -12 else (y < -b * 0.55)
    fill(image, fissure, palette["csf"], 1.1, 0.9, cover * edge)
    fill(image, fissure / 0.45, palette["muscle"], 0.5, 0.6, cover * (edge & (numpy.abs(y) > b * 0.6)))
    for side in (-1, 1):
        if -14 < z < 26:  # basal ganglia and thalamus
            fill(image, ellipse(x, y, side * 24, -8, 6, 17, side * 0.35), palette["grey"], 6, 3.0)
            fill(image, ellipse(x, y, side * 10, 12, 8, 12, -side * 0.3), palette["grey"], 8, 3.0)
        if -4 < z < 40:  # lateral ventricles
            open_ = float(numpy.clip(1 - abs(z - 20) / 26, 0.15, 1))
            fill(image, ellipse(x, y, side * 9, -22, 4.5 * open_ + 1, 17, -side * 0.32), palette["csf"], 4)
            fill(image, ellipse(x, y, side * 15, 8, 4 * open_ + 1, 21 * open_ + 5, side * 0.22), palette["csf"], 4)
            fill(image, ellipse(x, y, side * 20, 27, 5 * open_ + 1, 14, side * 0.5), palette["csf"], 5)
        if -2 < z < 24:  # Sylvian fissures
            fill(image, ellipse(x, y, side * (a - 13), -12, 13, 2.2, side * 0.5), palette["csf"], 2, 1.0)
    if -16 < z < 10:
        fill(image, ellipse(x, y, 0, 2, 1.8, 13), palette["csf"], 2)
    if -4 < z < 8:  # pineal calcification, in CT only
        fill(image, ellipse(x, y, 0, 22, 2.2, 2.6), palette["marrow"] if palette is CT else palette["grey"], 2)


def skull_base(image, x, y, z, a, b, palette):
    low = float(numpy.clip((-18 - z) / 30, 0, 1))
    shape = image.shape
    # Posterior fossa: cerebellum with its folia, brainstem, fourth ventricle.
    folia = numpy.sin(numpy.hypot(x, (y - 20) * 1.15) * 1.25 + 1.5 * smooth_noise(shape, shape[0] / 12, 5))
    cerebellum = ellipse(x, y, 0, b * 0.46, a * 0.72, b * 0.4)
    cover = fill(image, cerebellum, palette["grey"], 40, 1.5)
    fill(image, cerebellum / 0.82 + 0.05 * folia, palette["white"], 30, 4.0, 0.65 * cover)
    fill(image, ellipse(x, y, 0, 4, 14 - 3 * low, 13), palette["white"], 13, 1.5)
    fill(image, ellipse(x, y, 0, 21, 7 - 4 * low, 4), palette["csf"], 4)
    for side in (-1, 1):  # petrous bones, mastoid cells
        petrous = capsule(x, y, side * 14, -4, side * (a - 12), 20, 6 + 4 * low)
        fill(image, petrous, palette["bone"], 8, 1.5)
        cells = texture(shape, shape[0] / 60, 31) > 0.02
        fill(image, ellipse(x, y, side * (a - 16), 24, 9, 13), palette["air"], 9, 1.5, cells)
        # Orbits: fat, the eye with its lens, the nerve and muscles.
        orbit = float(numpy.clip(1 - abs(z + 38) / 20, 0, 1))
        if orbit > 0.1:
            cx, cy = side * 32, -b * 0.63
            fill(image, ellipse(x, y, cx, cy + 4, 19 * orbit, 25 * orbit), palette["bone"], 19)
            fill(image, ellipse(x, y, cx, cy + 3, 16.5 * orbit, 24 * orbit), palette["fat"], 17)
            for muscle in (-8, 0, 8):
                fill(image, capsule(x, y, cx + muscle, cy - 4, side * 19, cy + 24, 1.7), palette["muscle"], 2, 0.8, orbit)
            fill(image, ellipse(x, y, cx, cy - 8, 12 * orbit, 12 * orbit), palette["muscle"], 12)
            fill(image, ellipse(x, y, cx, cy - 8, 10.5 * orbit, 10.5 * orbit), palette["eye"], 11)
            fill(image, ellipse(x, y, cx, cy - 16, 4.5 * orbit, 2.4 * orbit), palette["cartilage"], 3)
    if z < -26:  # nose, ethmoid cells, sphenoid sinus
        fill(image, ellipse(x, y, 0, -b - 2, 11, 18), palette["skin"], 11)
        fill(image, ellipse(x, y, 0, -b * 0.62, 13, 28), palette["bone"], 13, 1.2)
        for side in (-1, 1):
            for n in range(4):
                fill(image, ellipse(x, y, side * 6.2, -b * 0.84 + n * 12, 4.8, 5.2), palette["air"], 5)
        fill(image, ellipse(x, y, 0, -16, 12, 8), palette["air"], 10, 1.0, float(z > -55))


# --- chest ---------------------------------------------------------------------------------------


def rise(value, start, end):
    """From 0 to 1, smoothly."""
    t = min(max((value - start) / (end - start), 0.0), 1.0)
    return t * t * (3 - 2 * t)


def body_radii(z):
    return (166 + 20 * rise(z, 30, 95) - 112 * rise(z, 104, 175), 110 - 8 * rise(z, 40, 100) - 34 * rise(z, 100, 165))


def heart_size(z):
    return float(numpy.sqrt(max(1 - ((z + 36) / 66) ** 2, 0.0)))


def below_dome(x, y, z, side):
    """How far, in millimetres, a point is below the diaphragm, which the right lung has higher."""
    top = -34 if side < 0 else -46
    return top - 82 * (((x - side * 62) / 86) ** 2 + ((y + 10) / 96) ** 2) - z


def chest(x, y, z, palette=CT, contrast=True, nodule=None, seed=9, vessels=True):
    """An axial slice at z from -170 (upper abdomen) to 150 (neck) at points x, y. `nodule`: (x, y, z, radius)."""
    image = numpy.full(x.shape, palette["air"], numpy.float32)
    a, b = body_radii(z)
    outer = barrel(x, y, 0, 0, a, b)
    fill(image, outer, palette["skin"], a)
    fill(image, outer * a / (a - 2.5), palette["fat"], a - 2.5)
    wall = outer * a / (a - 15)
    fill(image, wall, palette["muscle"], a - 15, 1.5)
    fill(image, barrel(x, y, 0, 0, a - 27, b - 24), palette["fat"], a - 27, 1.5)
    blood = 235 if contrast else palette["muscle"] - 8
    lungs(image, x, y, z, a, b, blood, nodule, seed, vessels)
    mediastinum(image, x, y, z, blood, palette)
    abdomen(image, x, y, z, seed, palette, blood)
    skeleton(image, x, y, z, a, b, palette)
    return image


def lungs(image, x, y, z, a, b, blood, nodule, seed, vessels):
    apex = float(numpy.clip((128 - z) / 70, 0, 1)) ** 0.5
    if apex <= 0:
        return
    size = heart_size(z)
    for side in (-1, 1):  # -1: the patient's right
        cx, cy = side * (70 - 12 * (1 - apex)), 4
        lung = barrel(x, y, cx, cy, (146 - 96) * apex + 24, 78 * apex, side * 0.12)
        lung = numpy.maximum(lung, 1 - (numpy.abs(x) - 15 - 10 * (1 - apex)) / 60)
        if size > 0.05:
            lung = numpy.maximum(lung, 2 - ellipse(x, y, 22, -26, 63 * size, 48 * size, 0.6))
        lung = numpy.maximum(lung, 1 + below_dome(x, y, z, side) / 60)
        if lung.min() >= 1:
            continue
        air = -858 + 26 * (y / 90)
        cover = fill(image, lung, air, 60, 1.2)
        if vessels and cover.any():
            bronchovascular(image, x, y, z, cx, cy, side, cover, blood, seed)
        if nodule and side * nodule[0] > 0 and abs(z - nodule[2]) < nodule[3]:
            radius = float(numpy.sqrt(nodule[3] ** 2 - (z - nodule[2]) ** 2))
            spikes = 1 + 0.16 * numpy.sin(9 * numpy.arctan2(y - nodule[1], x - nodule[0]))
            fill(image, ellipse(x, y, nodule[0], nodule[1], radius, radius) * spikes, 34, radius, 1.2, cover)


def bronchovascular(image, x, y, z, cx, cy, side, cover, blood, seed):
    """Vessels that thin out from the hilum: they drift from slice to slice, so that scrolling follows them."""
    rng = numpy.random.default_rng(seed + (side > 0))
    hilum_x, hilum_y, hilum_z = side * 32, 6, 8
    count = 150
    angle = rng.uniform(0, 2 * numpy.pi, count)
    tilt = rng.uniform(-1.1, 1.1, count)
    length = rng.uniform(25, 88, count)
    t = (z - hilum_z) / (numpy.sin(tilt) * length + numpy.sign(tilt) * 1e-3)
    for n in numpy.flatnonzero((t > 0.05) & (t < 1.25)):
        spread = numpy.cos(tilt[n]) * length[n] * t[n]
        px = hilum_x + numpy.cos(angle[n]) * spread * 0.8 + 5 * numpy.sin(4 * t[n] + n)
        py = hilum_y + numpy.sin(angle[n]) * spread + 4 * numpy.cos(5 * t[n] + n)
        radius = float(numpy.clip(4.6 * (1.25 - t[n]) * (0.5 + 0.5 * rng.random()), 0.7, 5))
        stretch = 1 + 2.2 * abs(numpy.cos(tilt[n]))
        splat(image, x, y, px, py, radius * stretch, radius, angle[n], 20 + 0.4 * blood, cover)


def splat(image, x, y, px, py, a, b, angle, value, cover):
    """fill() of a small ellipse, on the pixels around it only."""
    if x.shape[0] < 8:
        return fill(image, ellipse(x, y, px, py, a, b, angle), value, b, 0.8, cover)
    step = float(x[0, 1] - x[0, 0])
    step_y = float(y[1, 0] - y[0, 0])
    reach = max(a, b) + 2 * step
    left, right = (int((px + d - x[0, 0]) / step) for d in (-reach, reach + step))
    top, bottom = (int((py + d - y[0, 0]) / step_y) for d in (-reach, reach + step_y))
    window = (slice(max(top, 0), max(bottom, 0)), slice(max(left, 0), max(right, 0)))
    part = image[window]
    if part.size:
        fill(part, ellipse(x[window], y[window], px, py, a, b, angle), value, b, 0.8, cover[window])
    return None


def mediastinum(image, x, y, z, blood, palette):
    if -96 < z < 34:  # the heart, its chambers and walls
        size = max(heart_size(z), 0.1)
        fill(image, ellipse(x, y, 22, -26, 62 * size, 47 * size, 0.6), palette["fat"], 60, 2.0)
        fill(image, ellipse(x, y, 22, -26, 58 * size, 43 * size, 0.6), palette["muscle"] + 40, 58, 1.5)
        for cx, cy, r in ((42, -14, 23), (16, -46, 20), (2, 2, 22), (-14, -28, 19)):
            fill(image, ellipse(x, y, cx, cy, r * size, r * 0.9 * size, 0.4), blood, r, 3.0)
    fill(image, ellipse(x, y, 16, 42, 11.5, 11.5), blood, 11, 0.8, float(z < 62))  # descending aorta
    if -10 < z < 62:
        fill(image, ellipse(x, y, -8, -22, 15, 15), blood, 15)  # ascending
        fill(image, ellipse(x, y, 14, -26, 13, 12), blood * 0.9, 13, 0.8, float(z < 36))  # pulmonary trunk
    if 58 <= z < 78:  # the arch
        fill(image, capsule(x, y, -6, -20, 16, 40, 12.5), blood, 12)
    if z >= 78:
        for cx, cy in ((-16, -18), (2, -16), (15, 2)):
            fill(image, ellipse(x, y, cx, cy, 5.5, 5.5), blood, 5)
    if z > 0:  # superior vena cava
        fill(image, ellipse(x, y, -27, -14, 9, 8), blood * 1.15, 9)
    if 4 < z < 24:  # pulmonary arteries
        fill(image, capsule(x, y, 10, -16, -44, 0, 9), blood * 0.9, 9)
        fill(image, capsule(x, y, 12, -16, 40, 10, 8.5), blood * 0.9, 8)
    if z > 26:
        fill(image, ellipse(x, y, 0, 8, 11, 10.5), palette["cartilage"], 11)
        fill(image, ellipse(x, y, 0, 8, 9, 8.5), palette["air"], 9)
    elif z > -6:  # main bronchi
        spread = (28 - z) * 0.9
        for side in (-1, 1):
            fill(image, ellipse(x, y, side * spread, 10, 7.5, 6), palette["cartilage"], 7)
            fill(image, ellipse(x, y, side * spread, 10, 6, 4.6), palette["air"], 6)
    fill(image, ellipse(x, y, 6, 27, 7, 5), palette["muscle"], 6)  # oesophagus


def abdomen(image, x, y, z, seed, palette, blood):
    if z > -30:
        return
    mottled = 9 * texture(image.shape, max(image.shape[1] / 30, 2), seed + 40) if min(image.shape) > 8 else 0
    cavity = barrel(x, y, 0, 0, 138, 86)
    for side, organ in ((-1, 104 + mottled), (1, 30)):
        organ_edge = numpy.maximum(cavity, 1 - below_dome(x, y, z, side) / 80)
        reach = side * x > (0 if z > -112 else -6)
        fill(image, organ_edge, organ, 80, 1.5, reach * (numpy.abs(x) > 14) * (side * x < 136))
    grow = rise(-z, 60, 120)
    if z < -112:
        fill(image, ellipse(x, y, 20, -34, 66 * grow, 40 * grow, -0.35), 102 + mottled, 40, 1.5)
        fill(image, ellipse(x, y, 66, -34, 38, 30), palette["muscle"] - 12, 34, 1.5)  # stomach with its air
        fill(image, ellipse(x, y, 66, -48, 27, 13), palette["air"], 13, 1.2)
        fill(image, ellipse(x, y, 94, 34, 26, 38, 0.5), 118 + mottled, 30, 1.5)  # spleen
        fill(image, ellipse(x, y, -10, 24, 10, 9), blood * 0.7, 10)  # inferior vena cava


def skeleton(image, x, y, z, a, b, palette):
    # Vertebra: body, canal, arch and processes, with discs between the bodies.
    level = (z % 27) / 27
    body = palette["marrow"] - 130 if level > 0.2 else palette["cartilage"]
    fill(image, ellipse(x, y, 0, 62, 18.5, 15.5), palette["bone"] - 250 if level > 0.2 else palette["cartilage"], 16)
    fill(image, ellipse(x, y, 0, 62, 16, 13), body + 18 * numpy.sin(x * 1.9) * numpy.sin(y * 2.1), 14, 1.2)
    fill(image, ellipse(x, y, 0, 84, 14, 11), palette["bone"] - 200, 12)
    fill(image, ellipse(x, y, 0, 83, 9.5, 8), palette["csf"] + 24, 9)
    if 0.35 < level < 0.85:
        fill(image, capsule(x, y, 0, 92, 0, 103, 2.2), palette["bone"] - 300, 2)
        for side in (-1, 1):
            fill(image, capsule(x, y, side * 12, 84, side * 34, 92, 4), palette["bone"] - 180, 4)
    if -40 < z < 92:  # sternum
        fill(image, ellipse(x, y, 0, -b + 19, 17, 6), palette["bone"] - 250, 6)
        fill(image, ellipse(x, y, 0, -b + 19, 14, 3.6), palette["marrow"] - 100, 4)
    # Ribs go down from the spine to the front: where a slice cuts one depends on the angle.
    angle = numpy.arctan2(numpy.abs(x), y - 10)  # 0 at the spine, pi at the front
    slope = z + 42 * angle
    phase = numpy.abs((slope / 24) % 1 - 0.5) * 24
    ring = barrel(x, y, 0, 0, a - 21, b - 19)
    across = numpy.abs(ring - 1) * (a - 21) / 4.2
    along = phase / 5.6
    front = numpy.where(angle > 2.35, palette["cartilage"] + 60, palette["bone"] - 80)
    rib = numpy.sqrt(across**2 + along**2)
    zone = float(-165 < z < 112) * (angle < 2.85)
    fill(image, rib, front, 4.2, 0.8, zone)
    fill(image, rib / 0.55, numpy.where(angle > 2.35, front, palette["marrow"] - 60), 2.3, 0.8, zone)
    if z > 30:  # shoulder blades, collar bones
        for side in (-1, 1):
            reach = 26 + 34 * rise(z, 30, 90)
            fill(image, capsule(x, y, side * 104, b - 30, side * (104 + 0.8 * reach), b - 30 - 0.7 * reach, 3),
                 palette["bone"] - 250, 3)
            along = (z - 92) / 26  # collar bones rise to the side
            if 0 < along < 1:
                px, py = side * (18 + 125 * along), -b + 26 + 26 * along
                fill(image, ellipse(x, y, px, py, 30, 6, side * 0.2), palette["bone"] - 150, 6)


def chest_projections(size, nodule=None):
    """Radiographs, as detectors see them: (postero-anterior, lateral), from 0 to 1, bright where rays are stopped."""
    width, steps = 300, 48
    lines = ((numpy.arange(width, dtype=numpy.float32) + 0.5) / width - 0.5) * 344
    depth = ((numpy.arange(steps, dtype=numpy.float32) + 0.5) / steps - 0.5) * 250
    x, y = numpy.meshgrid(lines, depth)
    frontal, lateral = [], []
    for z in numpy.linspace(134, -168, 140):
        density = numpy.clip(chest(x, y, float(z), contrast=False, nodule=nodule) + 1000, 0, 2400) / 1000
        density = numpy.where(density > 1.15, 1.15 + (density - 1.15) * 1.5, density)
        frontal.append(density.sum(axis=0) * (250 / steps))
        lateral.append(density.sum(axis=1) * (344 / width))
    return (radiograph(numpy.array(frontal), size, size, 0.0078, 3),
            radiograph(numpy.array(lateral), size, size * 4 // 5, 0.0058, 4))


def radiograph(thickness, rows, columns, attenuation, seed):
    rows = numpy.linspace(0, thickness.shape[0] - 1.001, rows)
    columns = numpy.linspace(0, thickness.shape[1] - 1.001, columns)
    r, c = rows.astype(int), columns.astype(int)
    fr, fc = (rows - r)[:, None], (columns - c)[None, :]
    lines = thickness[r] * (1 - fr) + thickness[r + 1] * fr
    large = lines[:, c] * (1 - fc) + lines[:, c + 1] * fc
    image = 1 - numpy.exp(-attenuation * large) ** 0.6
    image += grain(image.shape, 0.005, seed)
    low, high = numpy.percentile(image[image > 0.08], (1, 99.5))
    return numpy.clip((image - 0.75 * low) / (high - 0.75 * low), 0, 1).astype(numpy.float32) ** 1.25


# --- others --------------------------------------------------------------------------------------


def hand(rows, columns):
    """A left hand, from 0 to 1."""
    x, y = numpy.meshgrid(numpy.linspace(-70, 70, columns, dtype=numpy.float32),
                          numpy.linspace(-120, 80, rows, dtype=numpy.float32))
    soft, bone = numpy.zeros_like(x), numpy.zeros_like(x)

    def add(target, shape, value, radius, soft_mm=1.0):
        cover = numpy.clip((1 - shape) * radius / soft_mm + 0.3, 0, 1) * value
        numpy.maximum(target, cover, out=target)

    add(soft, barrel(x, y, 0, 14, 42, 44), 0.34, 42, 9)
    add(soft, capsule(x, y, 0, 40, 0, 90, 27), 0.34, 27, 9)
    fingers = [(-31, -22, -40, -70, 0.82), (-13, -30, -16, -98, 1.0), (5, -31, 6, -106, 1.06), (22, -26, 27, -92, 0.97)]
    for x0, y0, x1, y1, length in fingers:
        add(soft, capsule(x, y, x0, y0, x1, y1, 8.6), 0.29, 8.6, 5)
        long_bone(bone, x, y, x0 * 0.55, 22, x0, y0 + 6, 4.4)
        cuts = [0.02, 0.48, 0.78, 1.0]
        for n in range(3):
            p, q = cuts[n] + 0.02, cuts[n + 1] - 0.02
            long_bone(bone, x, y, x0 + (x1 - x0) * p, y0 + (y1 - y0) * p, x0 + (x1 - x0) * q, y0 + (y1 - y0) * q,
                      3.9 - 0.6 * n)
    add(soft, capsule(x, y, 30, 24, 60, -24, 10), 0.3, 10, 5)
    long_bone(bone, x, y, 24, 28, 40, 8, 4.6)
    long_bone(bone, x, y, 43, 3, 52, -12, 4.2)
    long_bone(bone, x, y, 54, -16, 59, -25, 3.6)
    for cx, cy, r in ((-15, 30, 6), (-4, 29, 6.4), (6, 30, 6), (16, 31, 6.3), (-12, 41, 6.5), (0, 41, 6.6), (11, 42, 7.5)):
        add(bone, ellipse(x, y, cx, cy, r, r * 0.92), 0.42, r, 2.2)
    long_bone(bone, x, y, 11, 57, 13, 96, 9.5)
    long_bone(bone, x, y, -14, 56, -13, 96, 7)
    image = soft + bone * (1 + 0.12 * texture(x.shape, 14, 8))
    return numpy.clip(image + 0.03 + grain(x.shape, 0.009, 4), 0, 1)


def long_bone(target, x, y, x0, y0, x1, y1, radius):
    """Wide at its ends, with a bright cortex and a dark cavity."""
    shaft = capsule(x, y, x0, y0, x1, y1, radius)
    for ex, ey in ((x0, y0), (x1, y1)):
        shaft = numpy.minimum(shaft, ellipse(x, y, ex, ey, radius * 1.32, radius * 1.25))
    cortex = numpy.clip((1 - shaft) * radius / 1.0 + 0.3, 0, 1)
    hollow = numpy.clip((0.62 - shaft) * radius / 1.6, 0, 1)
    numpy.maximum(target, cortex * 0.52 - hollow * 0.17, out=target)


def breast(rows, columns, view, seed, density=1.0):
    """A right breast, chest wall at the right edge, from 0 to 1. `view`: CC or MLO."""
    x, y = numpy.meshgrid(numpy.linspace(-1.12, 0, columns, dtype=numpy.float32),
                          numpy.linspace(-1, 1, rows, dtype=numpy.float32))
    droop = 0.2 if view == "MLO" else 0.0
    height = numpy.where(y < droop, 1.5 if view == "MLO" else 0.86, 0.66 if view == "MLO" else 0.86)
    edge = numpy.hypot(x / 0.92, (y - droop) / height)
    thick = numpy.sqrt(numpy.clip(1 - edge**2.2, 0, 1))
    image = 0.17 * thick**0.5
    shape = x.shape
    cloud = texture(shape, columns / 5, seed, 6)
    strands = 1 - numpy.abs(texture(shape, columns / 9, seed + 20, 5)) * 3.2
    gland = numpy.clip(1.25 - ellipse(x, y, -0.5, droop, 0.47, 0.48) + 0.42 * cloud, 0, 1)
    image += thick * density * gland * (0.24 + 0.2 * cloud + 0.16 * numpy.clip(strands, 0, 1))
    image += thick * 0.06 * numpy.clip(strands, 0, 1)
    if view == "MLO":  # the pectoral muscle
        muscle = numpy.clip((x + 0.06 - 0.4 * (y - 0.2) * (1 - 0.2 * y)) * -1 * -9, 0, 1)
        image += 0.24 * muscle * (thick > 0) * (1 - 0.15 * cloud)
    rng = numpy.random.default_rng(seed + 5)
    for _ in range(14):  # a cluster of calcifications
        spot = ellipse(x, y, -0.42 + rng.normal(0, 0.02), 0.16 + rng.normal(0, 0.02), 0.0045, 0.005)
        image += 0.3 * numpy.clip(1.4 - spot, 0, 1) * (seed % 2)
    image += 0.1 * numpy.clip(1 - ellipse(x, y, -0.93, droop, 0.035, 0.04), 0, 1)
    return numpy.clip(image + grain(shape, 0.006, seed) * (thick > 0), 0, 1)


def heart_ultrasound(frame, frames, rows, columns):
    """One frame of a beating heart with colour flow: rows x columns x RGB, uint8."""
    x, y = numpy.meshgrid(numpy.linspace(-1.15, 1.15, columns, dtype=numpy.float32),
                          numpy.linspace(-0.06, 1.66, rows, dtype=numpy.float32))
    radius, angle = numpy.hypot(x, y), numpy.arctan2(x, y)
    sector = (radius < 1.6) & (numpy.abs(angle) < 0.66) & (radius > 0.05)
    beat = 0.5 - 0.5 * numpy.cos(2 * numpy.pi * frame / frames)  # 0 filled, 1 contracted
    polar = texture((rows, columns), 7, 50 + frame % 3, 3)
    waves = grain((rows, columns), 1, 60 + frame)
    for axis, blur in ((1, 3), (0, 1)):  # finer along the beam than across
        waves = sum(numpy.roll(waves, shift, axis) for shift in range(-blur, blur + 1)) / (2 * blur + 1) ** 0.5
    speckle = numpy.abs(waves) ** 0.7 * (0.85 + 0.5 * polar)
    echo = 0.34 + 0.12 * texture((rows, columns), columns / 6, 3)
    wall = ellipse(x, y, 0.0, 0.86, 0.62 - 0.05 * beat, 0.72 - 0.04 * beat)
    echo = numpy.where(wall < 1.0, 0.62, echo * 0.6)
    chambers = [(-0.22, 0.72, 0.19, 0.34, 0.13), (0.22, 0.66, 0.2 - 0.06 * beat, 0.38 - 0.08 * beat, -0.08),
                (-0.2, 1.22, 0.2 + 0.03 * beat, 0.18 + 0.03 * beat, 0), (0.2, 1.2, 0.2 + 0.03 * beat, 0.19 + 0.03 * beat, 0)]
    for cx, cy, a, b, turn in chambers:
        cover = numpy.clip((1 - ellipse(x, y, cx, cy, a, b, turn)) * 14, 0, 1)
        echo = echo * (1 - cover) + 0.035 * cover
    swing = 0.05 + 0.09 * (1 - beat)
    for side in (-1, 1):  # the leaflets of both atrioventricular valves
        for start in (0.04, 0.36):
            leaf = capsule(x, y, side * start, 1.03, side * (0.2 + (start - 0.2) * swing * 4), 1.0 - swing, 0.012)
            echo = numpy.maximum(echo, 0.95 * numpy.clip(1.6 - leaf, 0, 1))
    gain = 0.55 + 0.45 * numpy.clip(radius / 1.1, 0, 1)
    grey = numpy.clip(echo * speckle * gain * 1.25, 0, 1) ** 0.72 * sector
    colour = numpy.stack([grey] * 3, axis=-1)
    flow = numpy.clip(1.1 - ellipse(x, y, 0.21, 0.92 - 0.12 * (1 - beat), 0.11, 0.34), 0, 1)
    flow = flow * numpy.clip(0.7 + 0.6 * polar, 0, 1) * sector
    strength = abs(1 - 2 * beat)
    inward = numpy.array([1.0, 0.32, 0.08] if beat < 0.5 else [0.1, 0.38, 1.0], numpy.float32)
    shown = (flow * strength > 0.22)[..., None]
    colour = numpy.where(shown, (0.35 + 0.75 * flow[..., None]) * inward, colour)
    for n in range(rows // 4):  # the colour scale
        value = 1 - 2 * n / (rows // 4)
        tone = [max(value, 0), 0.25 * abs(value), max(-value, 0)]
        colour[n + 12, columns - 22:columns - 12] = tone
    return (numpy.clip(colour, 0, 1) * 255).astype(numpy.uint8)


def uptake(x, y, z, lesions):
    """Of a PET in Bq/ml, where chest() is the anatomy."""
    density = chest(x, y, z, contrast=False, vessels=False)
    image = numpy.where(density > -300, 1900, 450).astype(numpy.float32) * (density > -960)
    fill(image, ellipse(x, y, -64, -6, 70, 80), 5200, 60, 8, float(z < -58) * (density > 0))
    if -90 < z < 24:
        myocardium = ellipse(x, y, 40, -16, 34, 28, 0.6)
        fill(image, myocardium, 16500, 30, 6)
        fill(image, myocardium / 0.6, 5200, 18, 6)
    for lesion_x, lesion_y, lesion_z, radius, activity in lesions:
        spread = numpy.sqrt((x - lesion_x) ** 2 + (y - lesion_y) ** 2 + (z - lesion_z) ** 2) / (radius + 3)
        image += activity * numpy.exp(-spread**2)
    return image * (1 + 0.07 * texture(x.shape, 3, int(z) + 500, 2))
