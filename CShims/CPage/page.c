#include "cpage.h"

// The compiler reads the files: no generated source, no run-time path, and a change of a file rebuilds this.
#pragma clang diagnostic ignored "-Wc23-extensions"

static const unsigned char index_html[] = {
#embed "../../Sources/Switchyard/Page/index.html"
};
static const unsigned char style_css[] = {
#embed "../../Sources/Switchyard/Page/style.css"
};
static const unsigned char icon_svg[] = {
#embed "../../Sources/Switchyard/Page/icon.svg"
};
static const unsigned char app_js[] = {
#embed "../../Sources/Switchyard/Page/app.js"
};
static const unsigned char charts_js[] = {
#embed "../../Sources/Switchyard/Page/charts.js"
};
static const unsigned char details_js[] = {
#embed "../../Sources/Switchyard/Page/details.js"
};
static const unsigned char devices_js[] = {
#embed "../../Sources/Switchyard/Page/devices.js"
};
static const unsigned char meeting_js[] = {
#embed "../../Sources/Switchyard/Page/meeting.js"
};
static const unsigned char person_js[] = {
#embed "../../Sources/Switchyard/Page/person.js"
};
static const unsigned char preference_js[] = {
#embed "../../Sources/Switchyard/Page/preference.js"
};
static const unsigned char publisher_js[] = {
#embed "../../Sources/Switchyard/Page/publisher.js"
};
static const unsigned char readings_js[] = {
#embed "../../Sources/Switchyard/Page/readings.js"
};
static const unsigned char signalling_js[] = {
#embed "../../Sources/Switchyard/Page/signalling.js"
};
static const unsigned char stage_js[] = {
#embed "../../Sources/Switchyard/Page/stage.js"
};
static const unsigned char subscriber_js[] = {
#embed "../../Sources/Switchyard/Page/subscriber.js"
};

#define FILE(name, array) {name, array, sizeof array}
static const cpage_file files[] = {
    FILE("index.html", index_html),
    FILE("style.css", style_css),
    FILE("icon.svg", icon_svg),
    FILE("app.js", app_js),
    FILE("charts.js", charts_js),
    FILE("details.js", details_js),
    FILE("devices.js", devices_js),
    FILE("meeting.js", meeting_js),
    FILE("person.js", person_js),
    FILE("preference.js", preference_js),
    FILE("publisher.js", publisher_js),
    FILE("readings.js", readings_js),
    FILE("signalling.js", signalling_js),
    FILE("stage.js", stage_js),
    FILE("subscriber.js", subscriber_js),
};

size_t cpage_count(void) { return sizeof files / sizeof files[0]; }

const cpage_file *cpage_at(size_t index) { return &files[index]; }
