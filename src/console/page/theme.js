// Dark or light, before the first paint: as the system has it, unless somebody has chosen.
'use strict';
{
  const chosen = localStorage.getItem('doorbuster-theme');
  if (chosen === 'dark' || chosen === 'light') document.documentElement.dataset.theme = chosen;
}
