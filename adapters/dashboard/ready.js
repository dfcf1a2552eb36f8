// Once the document is there: clicks go to the server, the theme to the charts.
window.dashboard.connect(clicks, figures);
