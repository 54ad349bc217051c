# 称呼用“您”，标点用全角。

## Said in many places

go-on = 继续
cancel = 取消
allow = 允许
deny = 拒绝
or = 或
error-title = 错误：{ $title }
try-again = 重试
start-again = 重新开始
sign-in = 登录
sign-out = 退出登录
sign-out-of-everything = 退出所有登录
not-you = 不是您？
switch-account = 切换账户
your-applications = 您的应用
back-to-applications = 返回您的应用
request-id = 请求

## Signing in

to-continue-html = 以继续访问 <strong>{ $application }</strong>
password = 密码
show = 显示
hide = 隐藏
forgot-password = 忘记密码？
cannot-sign-in = 无法登录？
new-here = 第一次使用？
create-account = 创建账户
continue-with = 使用 { $source } 继续
email = 电子邮箱
username = 用户名
email-or-username = 电子邮箱或用户名
email-or-sign-in-name = 电子邮箱或登录名
username-or-sign-in-name = 用户名或登录名
sign-in-name = 登录名
stay-signed-in-question = 要在此设备上保持登录吗？这样您无需经常登录。如果此设备与他人共用，请选择“否”。
stay-signed-in = 保持登录
do-not-stay-signed-in = 否

## Second factors

code-from = 来自 { $device } 的验证码
use-device = 使用 { $device }
confirm-with-passkey = 请用指纹、面容、PIN 码或安全密钥确认。
type-code-from-email = 验证码已通过邮件发送给您。请在此输入。
type-code-from-app = 请打开身份验证器应用，输入其中显示的验证码。
type-kept-code = 请输入您保存的一个恢复码。每个只能使用一次。
choose-second-step = 请用第二步验证保护您的账户。选择您要如何确认是您本人：
use-a-passkey = 使用通行密钥
create-a-passkey = 创建通行密钥
passkey-setup = 通行密钥让您用指纹、面容、PIN 码或安全密钥登录。没有人能猜到它，而且它只在这里有效。
passkeys-missing = 此浏览器无法在此地址使用通行密钥。
passkey-known = 此通行密钥已经设置过了。
passkey-failed = 未能成功。请重试，或换一种方式。
passkeys-need-scripts = 通行密钥需要 JavaScript。请启用它，或换一种方式。
set-up = 设置
scan-code = 请用身份验证器应用扫描此二维码。
qr-code = 包含您的密钥的二维码
cannot-scan = 无法扫描？
open-app-html = 在此设备上<a href="{ $address }">打开您的应用</a>，或在应用中输入此密钥：
type-code-shown-now = 请输入应用当前显示的验证码
keep-codes = 请将这些恢复码保存在只有您能找到的地方。当您的其他设备不在身边时，每个恢复码可让您登录一次。它们不会再次显示，您以前获得的恢复码也将失效。
codes-kept = 我已保存
code-sent-to-html = 验证码已通过邮件发送至 <strong>{ $address }</strong>。
code-from-email = 邮件中的验证码
codes-by-email = 验证码将发送到您的电子邮箱。第一个验证码用于证明该邮箱属于您。
send-code = 发送验证码
send-another-code = 重新发送验证码

## Mail on its way

check-your-email = 请查收邮件
email-on-its-way = 如果您输入的内容对应一个账户，一封带有链接的邮件正在发往该账户的邮箱。请在此浏览器或其他浏览器中打开链接以继续。
email-sent-again = 邮件已重新发送。
send-again = 重新发送
is-this-you = 是您本人吗？
link-opened = 您打开了一个供此账户所有者使用的链接。它只能使用一次：如果是您本人，请继续。

## Consent

would-like-to-html = <strong>{ $application }</strong> 希望：
also-new = 以及自您上次允许以来新增的：

## Fields

optional = 选填
please-choose = 请选择…
as-browser-says = 跟随浏览器设置

## The way of a flow

one-moment = 请稍候
taking-you-there = 正在为您跳转。
taking-you-there-or-press = 正在为您跳转。如果没有反应，请点击“继续”。
redirecting-to = 正在跳转到 { $application }
applications-being-told = 正在通知您的应用。稍后会自动继续。
signing-out = 正在退出登录
page-too-old = 此页面打开时间过长，或您的浏览器不保存 Cookie。请重试。
page-out-of-date = 此页面已过期。现在显示的是您所在的步骤。
did-not-work = 未能成功
went-wrong-logged = 我们这边出了问题，已记录下来；您输入的内容没有被保存。

## Signing out

you-have-signed-out = 您已退出登录
signed-out = 您已退出登录。
signed-out-of-both-html = 您已退出 <strong>{ $application }</strong> 和 { $brand }。
signed-out-of-html = 您已退出 <strong>{ $application }</strong>。
still-signed-in = 您仍登录在 { $brand }，因此其他应用会直接打开，无需再次登录。
sign-in-again = 重新登录 { $application }
sign-out-question = 要退出登录吗？
asks-to-sign-out-html = <strong>{ $application }</strong> 请求让您退出 { $brand }，以及您在此浏览器中通过它打开的所有应用。

## Devices

connect-device = 连接设备
let-device-in = 允许此设备登录吗？
device-connected = 您的设备已连接
device-turned-away = 已拒绝该设备
device-goes-on-html = 您设备上的 <strong>{ $application }</strong> 将在几秒后自动继续。您可以关闭此页面。
device-gets-nothing-html = 该设备上的 <strong>{ $application }</strong> 不会获得任何访问权限。您可以关闭此页面。
code-on-device = 您设备上的代码
code-on-device-hint = 八个字母，例如 BCDF-GHJK。请只输入您面前设备上显示的代码。
device-wants-in-html = 某设备上的 <strong>{ $application }</strong> 希望以您的身份登录。
device-wants-in-with-html = 某设备上的 <strong>{ $application }</strong> 希望以您的身份登录，并获得：
device-compare-html = 只有当您的设备显示 <strong class="whole">{ $code }</strong> 且就在您面前时，才允许。如果此代码是别人发给您的，请拒绝。

## The portal

signed-in-as-html = 已登录为 <strong>{ $name }</strong>
settings = 设置
change-password = 修改密码
administration = 管理
search-applications = 搜索应用
search = 搜索
applications = 应用
in-new-tab = （在新标签页中打开）
no-applications = 还没有应用
no-applications-hint = 当某个应用向您开放时，它会显示在这里。
nothing-matches = 没有匹配的结果
nothing-matches-hint = 您没有这样命名的应用。
show-all = 显示全部
only-applications = 您的账户可以打开应用，但不能打开此页面。

## Access denied

access-denied = 访问被拒绝
no-access-to = 无权访问 { $application }
application-closed-html = 您已登录，但无权访问 <strong>{ $application }</strong>。
closed-to-you = 您已登录，但无权访问此内容。
closed = 您无权访问此内容。
what-is-missing = 缺少的条件
one-would-open-it = 改变以下任意一项即可
decision = 决定
decision-hint = 请将此编号发送给您的管理员以申请访问权限。
policy-failed = 某条策略无法评估，而无法评估的一律拒绝。

## Pages that say what went wrong

nothing-here = 此地址没有内容
nothing-here-hint = 地址可能输入有误，或者原有内容已移走。如果您是通过链接来到这里的，请告知链接的提供者。
go-to-applications = 前往您的应用
not-set-up-right = 此应用未正确设置
not-set-up-right-hint = 您的账户没有问题。请将以下详情发送给此应用的负责人。
that-did-not-work = 未能成功
sign-in-to-see = 请登录以查看此页面
session-ended = 您的会话已结束，或从未在此浏览器中开始。
too-many-tries = 尝试次数过多
wait-before-trying = 为了保护账户安全，请等待 { $time } 后再试。
our-mistake = 这里出了问题
our-mistake-hint = 错误在我们这边，已记录下来。请重试；如果问题仍然存在，请将请求编号发送给您的管理员。
too-large = 您发送的内容过大。文件最大为 190 kB。
not-this-form = 您的浏览器发送的不是此页面的表单。
not-signed-in = 未登录
not-redirected = 此请求的 Authorization 标头未被 { $application } 接受。发送此类标头的请求不会跳转到登录页面：请发送有效的凭据，或者不发送。

## Time

seconds = { $count } 秒
minutes = { $count } 分钟
hours = { $count } 小时
days = { $count } 天
date-and-time = { $year }年{ $month }月{ $day }日 { $time } UTC

## Mails

mail-greeting = 您好：
mail-greeting-name = { $name }，您好：
mail-sent-by = 此邮件由 { $brand } 发送。请勿回复。
mail-link-plain = 如果按钮无法使用，请打开此地址：
mail-link-life = 此链接只能使用一次，有效期为 { $time }。
mail-not-you = 如果不是您本人操作，则无需理会：不使用此链接就不会有任何变化。
mail-reset-intro = 有人为您在 { $brand } 的账户“{ $username }”申请了新密码。
mail-reset-action = 设置新密码
mail-confirm-intro = 请确认此地址属于您在 { $brand } 的账户“{ $username }”。
mail-confirm-action = 确认
mail-sign-in-intro = 点击此链接即可登录您在 { $brand } 的账户“{ $username }”。
mail-sign-in-action = 登录
mail-code-intro = 这是您用于 { $brand } 的验证码：
mail-code-life = 它只能使用一次，有效期为 { $time }。我们绝不会向您索要验证码。
mail-invitation-subject = 邀请您加入 { $brand }
mail-invitation-intro = 您受邀加入 { $brand }。
mail-invitation-action = 接受邀请
mail-invitation-end = 邀请有效期至 { $moment }。
mail-event-intro = { $brand } 发生了需要通知您的事件：
mail-event-action = 查看
mail-alert = 警报
mail-warning = 警告
mail-notice = 通知
mail-test-subject = 来自 { $brand } 的测试邮件
mail-test-body = 这是一封测试邮件。{ $brand } 可以发送邮件。

## Second factors on phones

type-code-from-phone = 包含验证码的短信已发送到您的手机。请在此输入验证码。
confirm-in-duo = 请在手机上的 Duo 应用中确认。
text-sent-to-html = 包含验证码的短信已发送到 <strong>{ $number }</strong>。
code-from-text = 短信中的验证码
codes-by-text = 验证码将以短信发送到您的手机。第一个验证码用于确认该手机属于您。
phone-number = 手机号码（含国家代码）
duo-asking = 您的手机上有一个请求。请在手机上批准，然后继续。
ask-my-phone = 向我的手机发送请求
duo-passcode = Duo 验证码
use-passcode = 使用验证码
scan-duo = 请使用手机上的 Duo 应用扫描此二维码。
duo-qr-code = 用于 Duo 的二维码
open-duo-html = 如果就在这部手机上，请<a href="{ $address }">打开 Duo</a>。
duo-continue = 应用显示您的账户后，请在此继续。
duo-known = Duo 已有您的账户。请继续，并在手机上批准请求。

## Whether it is a person

show-you-are-a-person = 继续之前，请证明您是真人。
captcha-missing = 无法加载真人验证。请检查浏览器中是否有内容将其拦截，然后重新加载页面。
captcha-failed = 真人验证未成功。请重试。
captcha-unsolved = 请先完成真人验证。
captcha-needs-scripts = 真人验证需要 JavaScript。请启用后继续。

## How strong a password is

strength-of-password = 密码强度
strength-words = 非常容易猜到。|容易猜到。|不太难猜到。|很难猜到。|非常难猜到。

## Acting as somebody else, and coming back in

acting-as-html = <strong>{ $original }</strong>，您正在以 <strong>{ $person }</strong> 的身份操作。您在此的操作会以两个名字记录。
stop-acting = 结束
recovered = 您是通过恢复密钥进入的。
recovered-html = 您是通过恢复密钥进入的。离开前请<a href="{ $address }">设置新密码</a>，并确认您的第二验证方式仍属于您。

## The portal: frame

skip-to-content = 跳到正文
main-navigation = 主导航
profile = 个人资料
signing-in = 登录与安全
devices = 设备
permissions-given = 已共享的数据
tokens = 令牌与应用密码
activity = 活动记录
pages = 页
save = 保存
remove = 移除
delete = 删除
rename = 重命名
display-name = 姓名
until = 有效期至
added = 添加于
used-last = 最近使用
never-used = 从未使用
changed-last = 最近修改
done-saved = 已保存。
done-renamed = 新名称已保存。
done-removed = 已移除，不能再用于登录。
done-ended = 已在该处退出登录。
done-taken-back = 已收回。该应用下次会再次询问您。
done-deleted = 已删除，其密钥已失效。
gone-already = 该项已不存在。

## The portal: applications

favourites = 收藏
make-favourite = 加入收藏
no-favourite = 取消收藏
favourite-called = 收藏：{ $name }
could-ask-for = 您可以申请的应用
because-everybody = 对所有人开放
because-group = 通过 { $name }
because-person = 授予您本人
because-policy = 根据规则
why-any = 以下任一原因即可打开：
why-all = 以下原因共同为您打开：
why-everybody = 所有拥有账户的人都可以打开。
why-group = 您属于“{ $name }”组。
why-group-through = 您通过 { $through } 属于“{ $name }”组。
list-separator = ；
why-not-group = 它只对您不属于的某个组关闭。
why-person = 它是授予您本人的。
why-not-person = 它只对其他人关闭。
why-condition = 条件“{ $name }”成立。
why-policy = 规则“{ $name }”允许。
why-until = 该权限于 { $moment } 结束。

## The portal: profile

about-you = 关于您
edit-profile = 编辑
not-set = 未填写
groups = 组
language-and-looks = 语言与外观
language = 语言
as-browser-asks = 跟随浏览器
looks = 外观
look-automatic = 自动
look-light = 浅色
look-dark = 深色
look-contrast = 高对比度
delete-account = 删除账户
delete-account-hint = 您的账户及其全部内容将永久消失。

## The portal: signing in

second-factors = 第二验证因素
second-factors-hint = 即使他人得知您的密码，也无法登录。
no-factors = 您还没有设置。请在下方选择一种。
get-codes-hint = 请同时获取恢复码：设备丢失时可用它登录。
add-factor = 添加第二验证因素
new-name = 新名称
kind-passkey = 通行密钥或安全密钥
kind-app = 身份验证器应用
kind-codes = 恢复码
kind-email = 电子邮件验证码
kind-text = 短信验证码
kind-duo = Duo
about-passkey = 指纹、面容、PIN 或实体密钥，最安全的方式。
about-app = 手机应用每半分钟显示一个新验证码。
about-codes = 可打印保存的列表，每个代码只能使用一次。
about-email = 登录时向您的邮箱发送验证码。
about-text = 登录时向您的手机发送验证码。
about-duo = 在 Duo 应用中轻触确认。
remove-factor-question = 移除“{ $name }”？
remove-factor-means = 您将无法再用它登录。若要再次使用，需要重新设置。
print-codes = 打印

## The portal: devices

devices-hint = 您已登录的设备。请退出不认识的设备，并修改密码。
this-device = 本设备
end-session = 退出登录
end-others = 退出所有其他设备
end-others-question = 退出所有其他设备？
end-others-means = 您在此处保持登录。在其他设备及其打开的应用中，您需要重新登录。
browser-on = { $system } 上的 { $browser }
unknown-device = 未知设备

## The portal: shared data

consents-hint = 您允许应用获取的个人信息。
no-consents = 没有共享的数据
no-consents-hint = 当您同意某个应用的请求后，它会显示在这里。
shares-name-only = 您的身份
until-taken-back = 直到您收回
take-back = 收回

## The portal: tokens

tokens-hint = 供以您的名义运行的程序使用的密钥。持有者可以做您能做的事。
no-tokens = 您还没有程序密钥。
app-password = 应用密码
api-token = API 令牌
about-app-password = 用于邮件客户端、播放器等要求用户名和密码的程序。
about-api-token = 用于调用本服务器 API 的脚本和程序。
without-end = 永久有效
new-key = 更换密钥
make-token = 创建密钥
make = 创建
what-for = 用途
what-for-hint = 便于您辨认的名称，例如“笔记本上的邮件”。
name-it-first = 请先为它命名。
kind-of-key = 类型
works-for = 有效期
key-of = “{ $name }”的密钥
key-once = 请立即复制，它不会再次显示。
key = 密钥
copy = 复制
copied = 已复制
app-password-use = 在程序中填写用户名“{ $name }”，并以此密钥作为密码。
token-use = 程序在每次请求中以“Authorization: Bearer …”发送它。
new-key-question = 为“{ $name }”更换密钥？
new-key-means = 旧密钥将立即失效，使用它的程序需要新的密钥。
delete-token-question = 删除“{ $name }”？
delete-token-means = 使用该密钥的程序将立即无法访问。

## The portal: activity

activity-hint = 以您的名义发生的事情。若非您本人所为，请修改密码并退出所有其他设备。
no-activity = 暂无记录。
newer = 较新
older = 较旧
acted-by = 由 { $who } 以您的名义
did-sign-in = 您登录了
did-fail-sign-in = 有人尝试以您的身份登录但失败
did-sign-out = 您退出了登录
did-open-html = 您打开了 <strong>{ $application }</strong>
was-refused = 某项内容未对您开放
was-refused-html = <strong>{ $application }</strong> 未对您开放
did-set-password = 您的密码已修改
did-change-profile = 您修改了个人资料
did-use-invitation = 您通过邀请加入
did-see-key-html = <strong>{ $name }</strong> 的密钥被查看
did-renew-key-html = <strong>{ $name }</strong> 更换了密钥
did-begin-acting = 您开始以他人身份操作
did-end-acting = 您恢复了自己的身份
did-add-factor-html = 您添加了第二验证因素 <strong>{ $name }</strong>
did-remove-factor-html = 您移除了第二验证因素 <strong>{ $name }</strong>
did-rename-factor-html = 您重命名了第二验证因素 <strong>{ $name }</strong>
did-make-key-html = 您创建了密钥 <strong>{ $name }</strong>
did-end-sessions = 您结束了会话
sessions-were-ended = 您的会话已被结束
did-delete-key-html = 您删除了密钥 <strong>{ $name }</strong>
did-take-back-html = 您收回了与 <strong>{ $name }</strong> 共享的数据
did-create-html = 您创建了 <strong>{ $name }</strong>
did-change-html = 您修改了 <strong>{ $name }</strong>
did-delete-html = 您删除了 <strong>{ $name }</strong>
done-by = 由 { $who } 操作
account-was-created = 您的账户已创建
account-was-changed = 您的账户已更改
began-acting-as-you = 有人开始以您的身份操作
ended-acting-as-you = 有人已停止以您的身份操作
factor-was-added-html = 您的账户添加了第二验证因素 <strong>{ $name }</strong>
factor-was-removed-html = 您的第二验证因素 <strong>{ $name }</strong> 已被移除
thing-was-created-html = 已为您创建 <strong>{ $name }</strong>
thing-was-changed-html = 您的 <strong>{ $name }</strong> 已被更改
thing-was-deleted-html = 您的 <strong>{ $name }</strong> 已被删除
