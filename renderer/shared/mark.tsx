/** The vireo: a small bird on a twig, the app's mark. The same drawing as assets/mark.svg. */
import type { ReactElement } from 'react';
import markUrl from '../../assets/mark.svg';

export function Mark({ size = 20 }: { readonly size?: number }): ReactElement {
  return <img src={markUrl} width={size} height={size} alt="" draggable={false} />;
}
