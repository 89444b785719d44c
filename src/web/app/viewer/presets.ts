// Windows that people know by name, in Hounsfield units; keys 1 to 5.
export const ctPresets = [
  { name: "Soft tissue", center: 40, width: 400 },
  { name: "Lung", center: -600, width: 1500 },
  { name: "Bone", center: 450, width: 1600 },
  { name: "Brain", center: 40, width: 80 },
  { name: "Mediastinum", center: 50, width: 350 },
];
