export { gup } from './gup.js';
export { st } from './st.js';
export { uring } from './uring.js';
