/** The edge between tree and detail: dragged, or moved with the arrow keys; the width is kept. */
import type { KeyboardEvent, PointerEvent, ReactElement } from 'react';
import { useEffect, useState } from 'react';

const widthKey = 'vireo:sidebar-width';
const narrowestPx = 180;
const widestPx = 560;
const usualPx = 272;
const stepPx = 16;

function storedWidth(): number {
  const width = Number(localStorage.getItem(widthKey));
  return width >= narrowestPx && width <= widestPx ? width : usualPx;
}

export function Splitter(): ReactElement {
  const [width, setWidth] = useState(storedWidth);
  useEffect(() => {
    document.documentElement.style.setProperty('--sidebar', `${width}px`);
    localStorage.setItem(widthKey, String(width));
  }, [width]);
  const move = (to: number): void => setWidth(Math.round(Math.min(widestPx, Math.max(narrowestPx, to))));
  const onPointerMove = (event: PointerEvent<HTMLDivElement>): void => {
    if (event.currentTarget.hasPointerCapture(event.pointerId)) move(event.clientX);
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === 'ArrowLeft') move(width - stepPx);
    else if (event.key === 'ArrowRight') move(width + stepPx);
    else if (event.key === 'Home') move(usualPx);
    else return;
    event.preventDefault();
  };
  return (
    <div
      className="splitter"
      role="separator"
      aria-label="Width of the list"
      aria-orientation="vertical"
      aria-valuenow={width}
      aria-valuemin={narrowestPx}
      aria-valuemax={widestPx}
      tabIndex={0}
      onPointerDown={(event) => event.currentTarget.setPointerCapture(event.pointerId)}
      onPointerMove={onPointerMove}
      onDoubleClick={() => move(usualPx)}
      onKeyDown={onKeyDown}
    />
  );
}
