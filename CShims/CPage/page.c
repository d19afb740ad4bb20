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
static const unsigned char icons_svg[] = {
#embed "../../Sources/Switchyard/Page/icons.svg"
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
static const unsigned char own_devices_js[] = {
#embed "../../Sources/Switchyard/Page/own-devices.js"
};
static const unsigned char parts_js[] = {
#embed "../../Sources/Switchyard/Page/parts.js"
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
static const unsigned char tile_js[] = {
#embed "../../Sources/Switchyard/Page/tile.js"
};
static const unsigned char tiles_js[] = {
#embed "../../Sources/Switchyard/Page/tiles.js"
};
static const unsigned char aura_index_html[] = {
#embed "../../Sources/Switchyard/Page/aura/index.html"
};
static const unsigned char aura_style_css[] = {
#embed "../../Sources/Switchyard/Page/aura/style.css"
};
static const unsigned char aura_app_js[] = {
#embed "../../Sources/Switchyard/Page/aura/app.js"
};
static const unsigned char aura_calls_js[] = {
#embed "../../Sources/Switchyard/Page/aura/calls.js"
};
static const unsigned char aura_directory_js[] = {
#embed "../../Sources/Switchyard/Page/aura/directory.js"
};
static const unsigned char aura_lobby_js[] = {
#embed "../../Sources/Switchyard/Page/aura/lobby.js"
};
static const unsigned char aura_meeting_js[] = {
#embed "../../Sources/Switchyard/Page/aura/meeting.js"
};
static const unsigned char aura_moderation_js[] = {
#embed "../../Sources/Switchyard/Page/aura/moderation.js"
};
static const unsigned char aura_people_js[] = {
#embed "../../Sources/Switchyard/Page/aura/people.js"
};
static const unsigned char aura_reachable_js[] = {
#embed "../../Sources/Switchyard/Page/aura/reachable.js"
};
static const unsigned char aura_reactions_js[] = {
#embed "../../Sources/Switchyard/Page/aura/reactions.js"
};
static const unsigned char aura_roster_js[] = {
#embed "../../Sources/Switchyard/Page/aura/roster.js"
};
static const unsigned char aura_sender_js[] = {
#embed "../../Sources/Switchyard/Page/aura/sender.js"
};
static const unsigned char aura_tiles_js[] = {
#embed "../../Sources/Switchyard/Page/aura/tiles.js"
};
static const unsigned char aura_viewer_js[] = {
#embed "../../Sources/Switchyard/Page/aura/viewer.js"
};

#define FILE(name, array) {name, array, sizeof array}
static const cpage_file files[] = {
    FILE("index.html", index_html),
    FILE("style.css", style_css),
    FILE("icon.svg", icon_svg),
    FILE("icons.svg", icons_svg),
    FILE("app.js", app_js),
    FILE("charts.js", charts_js),
    FILE("details.js", details_js),
    FILE("devices.js", devices_js),
    FILE("meeting.js", meeting_js),
    FILE("own-devices.js", own_devices_js),
    FILE("parts.js", parts_js),
    FILE("person.js", person_js),
    FILE("preference.js", preference_js),
    FILE("publisher.js", publisher_js),
    FILE("readings.js", readings_js),
    FILE("signalling.js", signalling_js),
    FILE("stage.js", stage_js),
    FILE("subscriber.js", subscriber_js),
    FILE("tile.js", tile_js),
    FILE("tiles.js", tiles_js),
    FILE("aura/index.html", aura_index_html),
    FILE("aura/style.css", aura_style_css),
    FILE("aura/app.js", aura_app_js),
    FILE("aura/calls.js", aura_calls_js),
    FILE("aura/directory.js", aura_directory_js),
    FILE("aura/lobby.js", aura_lobby_js),
    FILE("aura/meeting.js", aura_meeting_js),
    FILE("aura/moderation.js", aura_moderation_js),
    FILE("aura/people.js", aura_people_js),
    FILE("aura/reachable.js", aura_reachable_js),
    FILE("aura/reactions.js", aura_reactions_js),
    FILE("aura/roster.js", aura_roster_js),
    FILE("aura/sender.js", aura_sender_js),
    FILE("aura/tiles.js", aura_tiles_js),
    FILE("aura/viewer.js", aura_viewer_js),
};

size_t cpage_count(void) { return sizeof files / sizeof files[0]; }

const cpage_file *cpage_at(size_t index) { return &files[index]; }
