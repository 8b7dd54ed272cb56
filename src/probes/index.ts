export { st } from './st.js';
