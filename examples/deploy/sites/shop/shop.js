fetch("lamps.json")
  .then((response) => response.json())
  .then((lamps) => {
    for (const lamp of lamps) {
      const item = document.createElement("li")
      item.textContent = `${lamp.name}: ${lamp.euros} €`
      document.getElementById("lamps").append(item)
    }
  })
