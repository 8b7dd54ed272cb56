export { gup } from './gup.js';
export { mlx5 } from './mlx5.js';
export { nvfs } from './nvfs.js';
export { st } from './st.js';
export { uring } from './uring.js';
export { vfio } from './vfio.js';
