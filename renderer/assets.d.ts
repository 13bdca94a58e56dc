declare module '*.svg' {
  /** The asset's address beside the page. */
  const url: string;
  export default url;
}
declare module '*.css';
