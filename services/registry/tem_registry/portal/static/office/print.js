// A download leaves the page as it is: what was refused before no longer holds, and the page says
// where the file goes. Without script a standing sentence says it.

document.querySelector("form[data-again]")?.addEventListener("submit", (event) => {
  const form = event.target;
  for (const one of document.querySelectorAll("[data-until-download], .fault")) one.hidden = true;
  for (const one of form.querySelectorAll(".wrong")) one.classList.remove("wrong");
  for (const one of form.querySelectorAll("[aria-invalid]")) one.removeAttribute("aria-invalid");
  for (const one of document.querySelectorAll("[data-downloading]")) one.hidden = false;
  form.querySelector("[data-downloading]").scrollIntoView({ block: "nearest" });
});
