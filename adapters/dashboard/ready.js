// Once the document is there: clicks go to the server, the theme to the charts.
window.crosshair.connect(figures, span, anchors, told);
window.dashboard.connect(clicks, figures);
