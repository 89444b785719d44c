// In place of vtk.js's readers of meshes, which cornerstone3D imports and pictures do not need (vite.config.js).
export default undefined;
